import type { AppendRequest } from "../../core/log/append-request.ts";
import type { ClaimFold, ClaimPage, ClaimScope, TwiceClaimed } from "../../core/log/claims.ts";
import type {
  AppendVerdict,
  EventLog,
  KeyedState,
  Lease,
  LeaseAnswer,
  LinkedStream,
  LogBackup,
  LogCapabilities,
  OpenOptions,
  Page,
  ReadOptions,
  ReadStreamOptions,
  StreamSummary,
  Versioned,
} from "../../core/log/event-log.ts";
import type { Linked } from "../../core/log/links.ts";
import type { Query } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { LeaseHolders } from "./lease-holders.ts";
import type { ProcessLifetime } from "./process-lifetime.ts";

/** A log of a process that can crash. */
export class CrashingLog implements EventLog {
  readonly #log: EventLog;
  readonly #current: () => ProcessLifetime;
  readonly #leases: LeaseHolders;
  lifetime: ProcessLifetime;

  constructor(log: EventLog, current: () => ProcessLifetime, leases: LeaseHolders) {
    this.#log = log;
    this.#current = current;
    this.#leases = leases;
    this.lifetime = current();
  }

  get engine(): string {
    return this.#log.engine;
  }

  get location(): string {
    return this.#log.location;
  }

  get capabilities(): LogCapabilities {
    return this.#log.capabilities;
  }

  async open(options?: OpenOptions): Promise<void> {
    this.lifetime = this.#current();
    await this.lifetime.call(() => this.#log.open(options));
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    const verdicts = await this.lifetime.call(() => this.#log.append(requests));
    if (verdicts.some((verdict) => "events" in verdict && !verdict.repeated)) this.lifetime.reach("appended");
    return verdicts;
  }

  async putState(key: string, value: unknown, revision: number, lease?: Lease): Promise<number | null> {
    // The pump writes its checkpoint after the delivery.
    if (key === "pump") this.lifetime.reach("handed to the broker");
    const written = await this.lifetime.call(() => this.#log.putState(key, value, revision, lease));
    if (lease && written !== null) this.lifetime.reach("state written");
    return written;
  }

  identity(): Promise<string> {
    return this.lifetime.call(() => this.#log.identity());
  }

  watch(tell: (position: number) => void): void {
    this.#log.watch?.(tell);
  }

  head(): Promise<number> {
    return this.lifetime.call(() => this.#log.head());
  }

  read(options: ReadOptions): Promise<Page> {
    return this.lifetime.call(() => this.#log.read(options));
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.lifetime.call(() => this.#log.readStream(stream, options));
  }

  link(stream: string, ids: readonly string[]): Promise<Linked> {
    return this.lifetime.call(() => this.#log.link(stream, ids));
  }

  linkedStreams(options: { after?: string; limit: number }): Promise<LinkedStream[]> {
    return this.lifetime.call(() => this.#log.linkedStreams(options));
  }

  find(query: Query): Promise<RecordedEvent[]> {
    return this.lifetime.call(() => this.#log.find(query));
  }

  count(query: Query): Promise<number> {
    return this.lifetime.call(() => this.#log.count(query));
  }

  findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    return this.lifetime.call(() => this.#log.findByIds(ids));
  }

  streams(options: { category?: string; after?: string; limit: number }): Promise<StreamSummary[]> {
    return this.lifetime.call(() => this.#log.streams(options));
  }

  getState(key: string): Promise<Versioned | null> {
    return this.lifetime.call(() => this.#log.getState(key));
  }

  states(options: { prefix: string; after?: string; limit: number }): Promise<KeyedState[]> {
    return this.lifetime.call(() => this.#log.states(options));
  }

  beginClaims(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope> {
    return this.lifetime.call(() => this.#log.beginClaims(scope, definition, types));
  }

  foldClaims(fold: ClaimFold): Promise<{ state: ClaimScope; twice: TwiceClaimed[] } | null> {
    return this.lifetime.call(() => this.#log.foldClaims(fold));
  }

  claimants(scope: string, values: readonly string[]): Promise<Record<string, string>> {
    return this.lifetime.call(() => this.#log.claimants(scope, values));
  }

  claimScopes(): Promise<string[]> {
    return this.lifetime.call(() => this.#log.claimScopes());
  }

  claims(scope: string, options: { after?: string; limit: number }): Promise<ClaimPage | null> {
    return this.lifetime.call(() => this.#log.claims(scope, options));
  }

  /** The lease of a process that crashed in this kit lapses at once, so that a test need not wait for it. */
  async acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    const ask = (mark?: string) => this.lifetime.call(() => this.#log.acquireLease(name, holder, ttlMs, mark));
    this.#leases.record(holder, this.lifetime);
    const answer = await ask(lapsed);
    return answer.heldBy && this.#leases.hasCrashed(answer.heldBy.holder) ? ask(answer.heldBy.mark) : answer;
  }

  releaseLease(lease: Lease): Promise<void> {
    return this.lifetime.call(() => this.#log.releaseLease(lease));
  }

  backup(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup> {
    return this.lifetime.call(() => this.#log.backup(to, onProgress));
  }
}
