import type { AppendRequest } from "../../core/log/append-request.ts";
import type { Lease, LeaseAnswer, LogControl } from "../../core/log/control.ts";
import type {
  AppendVerdict,
  EventLog,
  EventType,
  LogBackup,
  LogCapabilities,
  OpenOptions,
  Page,
  ReadOptions,
  ReadStreamOptions,
  StreamRange,
  StreamSummary,
} from "../../core/log/event-log.ts";
import { guardedParts } from "../../core/log/log-parts.ts";
import type { Query } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import type { LeaseHolders } from "./lease-holders.ts";
import type { ProcessLifetime } from "./process-lifetime.ts";

/** A log of a process that can crash. */
export class CrashingLog implements EventLog {
  readonly #log: EventLog;
  readonly #current: () => ProcessLifetime;
  readonly #leases: LeaseHolders;
  #lifetime: ProcessLifetime;
  readonly #parts = guardedParts((call) => this.#lifetime.call(() => call(this.#log)));
  readonly control: LogControl = {
    ...this.#parts.control,
    put: (...asked) => this.#put(...asked),
    acquireLease: (...asked) => this.#acquireLease(...asked),
  };
  readonly claims = this.#parts.claims;
  readonly links = this.#parts.links;

  constructor(log: EventLog, current: () => ProcessLifetime, leases: LeaseHolders) {
    this.#log = log;
    this.#current = current;
    this.#leases = leases;
    this.#lifetime = current();
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
    this.#lifetime = this.#current();
    await this.#lifetime.call(() => this.#log.open(options));
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    const verdicts = await this.#lifetime.call(() => this.#log.append(requests));
    if (verdicts.some((verdict) => "events" in verdict && !verdict.repeated)) this.#lifetime.reach("appended");
    return verdicts;
  }

  async #put(key: string, ...change: [value: unknown, revision: number, lease?: Lease]): Promise<number | null> {
    // The pump writes its checkpoint after the delivery.
    if (key === "pump") this.#lifetime.reach("handed to the broker");
    const written = await this.#parts.control.put(key, ...change);
    if (change[2] && written !== null) this.#lifetime.reach("state written");
    return written;
  }

  /** The lease of a process that crashed in this kit lapses at once, so that a test need not wait for it. */
  async #acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    const ask = (mark?: string) => this.#parts.control.acquireLease(name, holder, ttlMs, mark);
    this.#leases.record(holder, this.#lifetime);
    const answer = await ask(lapsed);
    return answer.current && this.#leases.hasCrashed(answer.current.holder) ? ask(answer.current.mark) : answer;
  }

  identity(): Promise<string> {
    return this.#lifetime.call(() => this.#log.identity());
  }

  watch(tell: (position: number) => void): void {
    this.#log.watch?.(tell);
  }

  head(): Promise<number> {
    return this.#lifetime.call(() => this.#log.head());
  }

  read(options: ReadOptions): Promise<Page> {
    return this.#lifetime.call(() => this.#log.read(options));
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#lifetime.call(() => this.#log.readStream(stream, options));
  }

  find(query: Query): Promise<RecordedEvent[]> {
    return this.#lifetime.call(() => this.#log.find(query));
  }

  count(query: Query): Promise<number> {
    return this.#lifetime.call(() => this.#log.count(query));
  }

  findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    return this.#lifetime.call(() => this.#log.findByIds(ids));
  }

  streams(range: StreamRange): Promise<StreamSummary[]> {
    return this.#lifetime.call(() => this.#log.streams(range));
  }

  types(limit: number): Promise<EventType[]> {
    return this.#lifetime.call(() => this.#log.types(limit));
  }

  backup(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup> {
    return this.#lifetime.call(() => this.#log.backup(to, onProgress));
  }
}
