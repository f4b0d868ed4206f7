import type { AppendRelay } from "../../../core/log/append-relay.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import { BackupUnsupportedError } from "../../../core/errors/backup-unsupported.ts";
import type {
  AppendVerdict,
  Building,
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
} from "../../../core/log/event-log.ts";
import { guardedParts } from "../../../core/log/log-parts.ts";
import type { Query } from "../../../core/query/query.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { LogFile } from "../../sqlite/log-file.ts";
import { Appender, type Decision } from "./appender.ts";
import type { CommitChain } from "./commit-chain.ts";
import { ChainedClaims } from "./claims.ts";
import { Control } from "./control.ts";
import { ChainedLinks } from "./links.ts";
import { Relay } from "./relay.ts";
import { ServerClock } from "./server-clock.ts";
import { storedAppends } from "./stored-appends.ts";
import { SyncedIndex } from "./synced-index.ts";

/**
 * A log on a chain, hosted by any number of hosts. Each host has an index, which it brings up to date before it reads
 * or decides on it. A decision is added to the chain, which refuses it if another host was first.
 */
export class ChainedLog implements EventLog {
  readonly engine: string;
  readonly location: string;
  readonly capabilities: LogCapabilities;
  readonly #parts = guardedParts(async (call) => {
    this.#appender.index.assertOpen();
    return call({ control: this.#control, claims: this.#claims, links: this.#links });
  });
  readonly control = this.#parts.control;
  readonly claims = this.#parts.claims;
  readonly links = this.#parts.links;
  readonly #chain: CommitChain;
  readonly #appender: Appender;
  readonly #control: Control;
  readonly #claims: ChainedClaims;
  readonly #links: ChainedLinks;
  readonly #clock: ServerClock;
  #relay: Relay | null = null;
  #warn: (message: string) => void = () => {};

  /**
   * @param indexPath the file of the index; a second process of the machine uses a numbered file beside it
   * @param begin `"anew"`: traces of a log that the server has lost are ignored
   */
  constructor(chain: CommitChain, indexPath: string, begin?: "anew") {
    this.engine = chain.engine;
    this.location = chain.location;
    this.capabilities = { durability: chain.durability, hosts: "many", backup: false };
    this.#chain = chain;
    this.#appender = new Appender(chain, new SyncedIndex(chain, indexPath, begin === "anew"));
    this.#control = new Control(chain);
    this.#claims = new ChainedClaims(this.#appender);
    this.#links = new ChainedLinks(this.#appender);
    this.#clock = new ServerClock({
      ask: async () => (await chain.serverTime?.()) ?? null,
      warn: (message) => this.#warn(message),
    });
  }

  get building(): Building | null {
    return this.#appender.index.building;
  }

  open(options: OpenOptions = {}): Promise<void> {
    this.#control.forget();
    this.#warn = options.warn ?? (() => {});
    return this.#appender.index.open(options);
  }

  close(): Promise<void> {
    return this.#appender.index.close();
  }

  identity(): Promise<string> {
    return this.#appender.index.readLocal(({ identity }) => identity);
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    this.#appender.index.assertOpen();
    await this.#clock.check();
    return this.#relay ? this.#relay.append(requests) : this.#appender.commit(this.#deciding(requests));
  }

  relayAppends(relay: AppendRelay): void {
    this.#appender.node = relay.node;
    this.#relay = new Relay(relay, this.#appender, (requests) => this.#deciding(requests));
  }

  #deciding(requests: readonly AppendRequest[]): (log: LogFile) => Decision<AppendVerdict[]> {
    return (log) => {
      const verdicts = log.decide(requests, this.#clock.now());
      const appends = storedAppends(requests, verdicts);
      return { answer: verdicts, change: appends.length > 0 ? { appends } : null };
    };
  }

  head(): Promise<number> {
    return this.#appender.index.readLatest(({ head }) => head);
  }

  async read(options: ReadOptions): Promise<Page> {
    // Events in the index never change. The chain is read only if the page reaches the end of the index.
    const page = options.backward ? null : await this.#appender.index.readLocal((log) => log.read(options));
    return page && !page.end ? page : this.#appender.index.readLatest((log) => log.read(options));
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#appender.index.readLatest(({ queries }) => queries.readStream(stream, options));
  }

  find(query: Query): Promise<RecordedEvent[]> {
    return this.#appender.index.readLatest(({ queries }) => queries.find(query));
  }

  count(query: Query): Promise<number> {
    return this.#appender.index.readLatest(({ queries }) => queries.count(query));
  }

  findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    return this.#appender.index.readLatest(({ queries }) => queries.findByIds(ids));
  }

  streams(range: StreamRange): Promise<StreamSummary[]> {
    return this.#appender.index.readLatest(({ queries }) => queries.streams(range));
  }

  types(limit: number): Promise<EventType[]> {
    return this.#appender.index.readLatest(({ types, head }) => types.list(head, limit));
  }

  async backup(): Promise<LogBackup> {
    this.#appender.index.assertOpen();
    throw new BackupUnsupportedError(
      this.#chain.location,
      "this engine writes no backups of a log: export it, or copy it with the server's tools",
    );
  }
}
