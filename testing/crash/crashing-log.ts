import type { AppendRequest } from "../../core/log/append-request.ts";
import type { Lease, LeaseAnswer, LogControl } from "../../core/log/control.ts";
import type {
  AppendVerdict,
  EventLog,
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
import type { LeasesOfTheDead } from "./leases-of-the-dead.ts";
import type { Life } from "./life.ts";

/** A log of a process that can die. */
export class CrashingLog implements EventLog {
  readonly #log: EventLog;
  readonly #current: () => Life;
  readonly #leases: LeasesOfTheDead;
  #life: Life;
  readonly #parts = guardedParts((call) => this.#life.call(() => call(this.#log)));
  readonly control: LogControl = {
    ...this.#parts.control,
    put: (...asked) => this.#put(...asked),
    acquireLease: (...asked) => this.#acquireLease(...asked),
  };
  readonly claims = this.#parts.claims;
  readonly links = this.#parts.links;

  constructor(log: EventLog, current: () => Life, leases: LeasesOfTheDead) {
    this.#log = log;
    this.#current = current;
    this.#leases = leases;
    this.#life = current();
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
    this.#life = this.#current();
    await this.#life.call(() => this.#log.open(options));
  }

  close(): Promise<void> {
    return this.#log.close();
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    const verdicts = await this.#life.call(() => this.#log.append(requests));
    if (verdicts.some((verdict) => "events" in verdict && !verdict.repeated)) this.#life.reach("appended");
    return verdicts;
  }

  async #put(key: string, ...change: [value: unknown, revision: number, lease?: Lease]): Promise<number | null> {
    // The pump's checkpoint follows the delivery.
    if (key === "pump") this.#life.reach("handed to the broker");
    const written = await this.#parts.control.put(key, ...change);
    if (change[2] && written !== null) this.#life.reach("state written");
    return written;
  }

  /** The lease of a process that this kit has killed lapses at once: a test need not wait for it. */
  async #acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    const ask = (mark?: string) => this.#parts.control.acquireLease(name, holder, ttlMs, mark);
    this.#leases.note(holder, this.#life);
    const answer = await ask(lapsed);
    return answer.heldBy && this.#leases.isOfDead(answer.heldBy.holder) ? ask(answer.heldBy.mark) : answer;
  }

  identity(): Promise<string> {
    return this.#life.call(() => this.#log.identity());
  }

  watch(tell: (position: number) => void): void {
    this.#log.watch?.(tell);
  }

  head(): Promise<number> {
    return this.#life.call(() => this.#log.head());
  }

  read(options: ReadOptions): Promise<Page> {
    return this.#life.call(() => this.#log.read(options));
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#life.call(() => this.#log.readStream(stream, options));
  }

  find(query: Query): Promise<RecordedEvent[]> {
    return this.#life.call(() => this.#log.find(query));
  }

  count(query: Query): Promise<number> {
    return this.#life.call(() => this.#log.count(query));
  }

  findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    return this.#life.call(() => this.#log.findByIds(ids));
  }

  streams(range: StreamRange): Promise<StreamSummary[]> {
    return this.#life.call(() => this.#log.streams(range));
  }

  backup(to: string, onProgress?: (done: number, total: number) => void): Promise<LogBackup> {
    return this.#life.call(() => this.#log.backup(to, onProgress));
  }
}
