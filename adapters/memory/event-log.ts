import type { AppendRequest } from "../../core/log/append-request.ts";
import { BackupUnsupportedError } from "../../core/errors/backup-unsupported.ts";
import { MissingLogError, StoreUnavailableError } from "../../core/errors/errors.ts";
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
import { Pace } from "../../core/concurrency/pace.ts";
import type { Query } from "../../core/query/query.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { categoryOf } from "../../core/event/stream-name.ts";
import { read, readStream } from "./page.ts";
import type { MemoryStorage } from "./storage.ts";
import { matchingInTurns, selectInTurns } from "../parts/rows/select.ts";
import { StoredLog, toEvent, type StoredEvent } from "./stored-log.ts";

/**
 * A log in memory, opened by one host. A commit is one synchronous step, so a query reads the snapshot of its start.
 */
export class MemoryEventLog implements EventLog {
  readonly engine = "memory";
  readonly location: string;
  readonly capabilities: LogCapabilities = { durability: "none", hosts: "one", backup: false };
  readonly #parts = guardedParts(async (call) => call(this.#opened().parts));
  readonly control = this.#parts.control;
  readonly claims = this.#parts.claims;
  readonly links = this.#parts.links;
  readonly #storage: MemoryStorage;
  #open: StoredLog | null = null;

  constructor(storage: MemoryStorage) {
    this.#storage = storage;
    this.location = storage.location;
  }

  async open({ identity, create = true }: OpenOptions = {}): Promise<void> {
    this.#open ??= this.#storage.host(StoredLog, () => {
      if (create) return new StoredLog(identity);
      throw new MissingLogError(this.#storage.location);
    });
  }

  async close(): Promise<void> {
    if (this.#open) this.#storage.release();
    this.#open = null;
  }

  #opened(): StoredLog {
    if (!this.#open) throw new StoreUnavailableError(this.#storage.location, "the event log is not open");
    return this.#open;
  }

  async identity(): Promise<string> {
    return this.#opened().identity;
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    return this.#opened().commit(requests);
  }

  async head(): Promise<number> {
    return this.#opened().head;
  }

  async read(options: ReadOptions): Promise<Page> {
    return read(this.#opened().all(), options);
  }

  async readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    const log = this.#opened();
    const links = log.links.of(stream);
    return links ? readStream(links, options, stream) : readStream(log.stream(stream), options);
  }

  async find(query: Query): Promise<RecordedEvent[]> {
    const pace = new Pace();
    return eventsInTurns(await selectInTurns(this.#opened(), query, "position", pace), pace);
  }

  async count(query: Query): Promise<number> {
    if (query.where === null && query.search === null) return this.#opened().head;
    return (await matchingInTurns(this.#opened(), query)).length;
  }

  async findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    const log = this.#opened();
    const stored = ids.map((id) => log.byId(id)).filter((event) => event !== undefined);
    return eventsInTurns(stored, new Pace());
  }

  async streams(range: StreamRange): Promise<StreamSummary[]> {
    const { category, after = "", limit } = range;
    const isWanted = (name: string) => category === undefined || categoryOf(name) === category;
    const last = await this.#opened().streamsAfter(after, limit, isWanted);
    return last.map(({ stream, version, time }) => ({ stream, version, time }));
  }

  async types(limit: number): Promise<EventType[]> {
    return this.#opened().types(limit);
  }

  async backup(): Promise<LogBackup> {
    this.#opened();
    throw new BackupUnsupportedError(
      this.#storage.location,
      "found a log in memory, expected one that can be backed up; export its events",
    );
  }
}

async function eventsInTurns(stored: readonly StoredEvent[], pace: Pace): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (const event of stored) {
    events.push(toEvent(event));
    if (pace.isDue()) await pace.turn();
  }
  return events;
}
