import type { AppendRelay } from "../../../core/log/append-relay.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import type { ClaimFold, ClaimPage, ClaimScope, TwiceClaimed } from "../../../core/log/claims.ts";
import { UnusableStoreError } from "../../../core/errors/errors.ts";
import type {
  AppendVerdict,
  Building,
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
} from "../../../core/log/event-log.ts";
import type { Linked } from "../../../core/log/links.ts";
import type { Query } from "../../../core/query/query.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import type { LogFile } from "../../sqlite/log-file.ts";
import { Appender, type Decision } from "./appender.ts";
import type { CommitChain } from "./commit-chain.ts";
import { Control } from "./control.ts";
import { Relay } from "./relay.ts";
import { ServerClock } from "./server-clock.ts";
import { storedAppends } from "./stored-appends.ts";

/**
 * A log of which any number of hosts each hold an index: whatever is asked is answered from the host's own, after it has
 * taken up what the others have added; whatever is to be stored is decided there and added to the chain, which refuses
 * it where another was first.
 */
export class ChainedLog implements EventLog {
  readonly engine: string;
  readonly location: string;
  readonly capabilities: LogCapabilities;
  readonly #chain: CommitChain;
  readonly #appender: Appender;
  readonly #control: Control;
  readonly #clock: ServerClock;
  #relay: Relay | null = null;
  #warn: (message: string) => void = () => {};

  /**
   * @param indexPath where the index stands; another process of this machine takes a file beside it
   * @param begin `"anew"`: what is left of a log that the server has lost is disregarded
   */
  constructor(chain: CommitChain, indexPath: string, begin?: "anew") {
    this.engine = chain.engine;
    this.location = chain.location;
    this.capabilities = { durability: chain.durability, hosts: "many", backup: false };
    this.#chain = chain;
    this.#appender = new Appender(chain, indexPath, begin === "anew");
    this.#control = new Control(chain);
    this.#clock = new ServerClock({
      ask: async () => (await chain.serverTime?.()) ?? null,
      warn: (message) => this.#warn(message),
    });
  }

  get building(): Building | null {
    return this.#appender.building;
  }

  open(options: OpenOptions = {}): Promise<void> {
    this.#control.forget();
    this.#warn = options.warn ?? (() => {});
    return this.#appender.open(options);
  }

  close(): Promise<void> {
    return this.#appender.close();
  }

  identity(): Promise<string> {
    return this.#appender.readLocal(({ identity }) => identity);
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    this.#appender.refuseClosed();
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
    return this.#appender.readLatest(({ head }) => head);
  }

  async read(options: ReadOptions): Promise<Page> {
    // What lies before the end of the index is for ever: only whether there is more has to be asked.
    const page = options.backward ? null : await this.#appender.readLocal((log) => log.read(options));
    return page && !page.end ? page : this.#appender.readLatest((log) => log.read(options));
  }

  readStream(stream: string, options: ReadStreamOptions): Promise<RecordedEvent[]> {
    return this.#appender.readLatest(({ queries }) => queries.readStream(stream, options));
  }

  link(stream: string, ids: readonly string[]): Promise<Linked> {
    return this.#appender.commit(({ links }) => {
      const answer = links.link(stream, ids);
      return { answer, change: answer.linked > 0 ? { link: { stream, ids } } : null };
    });
  }

  linkedStreams(options: { after?: string; limit: number }): Promise<LinkedStream[]> {
    return this.#appender.readLatest(({ links }) => links.streams(options));
  }

  find(query: Query): Promise<RecordedEvent[]> {
    return this.#appender.readLatest(({ queries }) => queries.find(query));
  }

  count(query: Query): Promise<number> {
    return this.#appender.readLatest(({ queries }) => queries.count(query));
  }

  findByIds(ids: readonly string[]): Promise<RecordedEvent[]> {
    return this.#appender.readLatest(({ queries }) => queries.findByIds(ids));
  }

  streams(options: { category?: string; after?: string; limit: number }): Promise<StreamSummary[]> {
    return this.#appender.readLatest(({ queries }) => queries.streams(options));
  }

  async getState(key: string): Promise<Versioned | null> {
    this.#appender.refuseClosed();
    return this.#control.get(key);
  }

  async putState(key: string, value: unknown, revision: number, lease?: Lease): Promise<number | null> {
    this.#appender.refuseClosed();
    return this.#control.put(key, value, revision, lease);
  }

  async states(options: { prefix: string; after?: string; limit: number }): Promise<KeyedState[]> {
    this.#appender.refuseClosed();
    return this.#control.states(options);
  }

  beginClaims(scope: string, definition: string, types: readonly string[]): Promise<ClaimScope> {
    return this.#appender.commit((log) => {
      const isKnown = log.claims.isOf(scope, definition);
      const answer = log.claims.begin(scope, definition, types, log.head);
      return { answer, change: isKnown ? null : { beginClaims: { scope, definition, types } } };
    });
  }

  foldClaims(fold: ClaimFold): Promise<{ state: ClaimScope; twice: TwiceClaimed[] } | null> {
    return this.#appender.commit(({ claims }) => {
      const answer = claims.fold(fold);
      return { answer, change: answer && { foldClaims: fold } };
    });
  }

  claimants(scope: string, values: readonly string[]): Promise<Record<string, string>> {
    return this.#appender.readLatest(({ claims }) => claims.claimants(scope, values));
  }

  claimScopes(): Promise<string[]> {
    return this.#appender.readLatest(({ claims }) => claims.scopes());
  }

  claims(scope: string, options: { after?: string; limit: number }): Promise<ClaimPage | null> {
    return this.#appender.readLatest((log) => log.claimPage(scope, options));
  }

  async acquireLease(name: string, holder: string, ttlMs: number, lapsed?: string): Promise<LeaseAnswer> {
    this.#appender.refuseClosed();
    return this.#control.acquire({ name, holder, ttlMs, lapsed });
  }

  async releaseLease(lease: Lease): Promise<void> {
    this.#appender.refuseClosed();
    return this.#control.release(lease);
  }

  async backup(): Promise<LogBackup> {
    this.#appender.refuseClosed();
    throw new UnusableStoreError(
      this.#chain.location,
      "this engine writes no backups of a log: export it, or copy it with the means of the server",
    );
  }
}
