import {
  toAppendRequest,
  type AppendContext,
  type AppendInput,
  type AppendRequest,
} from "../../../core/log/append-request.ts";
import { emptyCatalogue, type Catalogue } from "../../../core/catalogue/catalogue.ts";
import { contentOf } from "../../../core/log/speculative.ts";
import type { AppendVerdict, EventLog } from "../../../core/log/event-log.ts";
import { isOutage } from "../../../core/errors/outage.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { isOfToday, upcastEach } from "../../../core/catalogue/upcast.ts";
import type { StoreMetrics } from "../../observability/metrics.ts";
import type { RelayAnswer } from "../../../core/log/append-relay.ts";
import { ValidationError } from "../../../core/errors/errors.ts";
import { GroupCommit, type Appended } from "./group-commit.ts";
import type { PendingLimits } from "./pending-appends.ts";
import { fromRelayed, type RelayedAppend } from "./relayed-group.ts";
import { Senders } from "./senders.ts";

/** The result of `append`: version and position are those of the last event. */
export interface AppendAnswer {
  stream: string;
  version: number;
  position: number;
  events: RecordedEvent[];
  /** True if the append had been stored before. The result is that of the first time. */
  repeated: boolean;
}

interface Dependencies {
  /** The store's name. */
  name: string;
  node: string;
  log: EventLog;
  /** @throws StoreUnavailableError while the log is not open */
  assertOpen: () => void;
  catalogue: () => Catalogue;
  maxEventBytes: number;
  maxPending: PendingLimits;
  /** Called with the last event of each commit. */
  onCommit: (last: RecordedEvent) => void;
  metrics: StoreMetrics | null;
}

export type RequestIds = Omit<AppendContext, "maxEventBytes" | "catalogue">;

/** The appends of one host: checked, grouped into commits, and resolved when they are stored. */
export class Appends {
  readonly #d: Dependencies;
  #commits: GroupCommit;
  readonly #senders = new Senders();
  #outage: string | null = null;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#commits = this.#newCommits();
  }

  #newCommits(): GroupCommit {
    return new GroupCommit(this.#d.name, this.#d.log, this.#d.onCommit, this.#d.maxPending);
  }

  /** Why the last append failed, if it failed because of an outage; null otherwise. */
  get outage(): string | null {
    return this.#outage && `the last append failed: ${this.#outage}`;
  }

  start(): void {
    this.#outage = null;
    this.#commits = this.#newCommits();
  }

  /** Resolves when all accepted appends are committed. */
  stop(): Promise<void> {
    return this.#commits.close();
  }

  async append(input: AppendInput, ids: RequestIds): Promise<AppendAnswer> {
    const { events: stored, repeated } = await this.#measured(() => {
      const request = this.#toRequest(input, ids);
      return this.#commit(request, input.speculation, ids.isSystem);
    });
    // The events are stored, so the append succeeds, even if the current catalogue cannot upcast one of a repeated append.
    const { events } = upcastEach(this.#d.catalogue(), stored);
    const last = events.at(-1)!;
    return { stream: last.stream, version: last.version, position: last.position, events, repeated };
  }

  #toRequest(input: AppendInput, ids: RequestIds): AppendRequest {
    // The catalogue applies to callers' events only.
    const catalogue = ids.isSystem ? emptyCatalogue : this.#d.catalogue();
    return toAppendRequest(input, { ...ids, maxEventBytes: this.#d.maxEventBytes, catalogue });
  }

  /** The events as an append would store them, after every check that needs no log. Stores nothing. */
  draft(input: AppendInput, ids: RequestIds): Pick<RecordedEvent, "id" | "type" | "payload" | "meta">[] {
    return this.#toRequest(input, ids).events.map(({ id, type, payload, meta }) => {
      return { id, type, payload: payload as RecordedEvent["payload"], meta };
    });
  }

  /** Appends in a separate commit, for an import. */
  async store(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    this.#d.assertOpen();
    const verdicts = await this.#d.log.append(requests);
    const added = verdicts.flatMap((verdict) => ("events" in verdict && !verdict.repeated ? verdict.events : []));
    const last = added.at(-1);
    if (last) this.#d.onCommit(last);
    return verdicts;
  }

  /**
   * Appends a group of another host, in one commit with this host's own appends.
   * @throws ValidationError if this host has another log, or would store other content
   */
  async appendRelayed(log: string, group: readonly RelayedAppend[], sender: string): Promise<RelayAnswer> {
    this.#d.assertOpen();
    const own = await this.#d.log.identity();
    if (own !== log) throw new ValidationError([{ field: "log", found: log, expected: own }]);
    const { maxEventBytes, catalogue } = this.#d;
    const requests = fromRelayed(group, { maxEventBytes, catalogue: catalogue() });
    this.#senders.record(sender, performance.now());
    const verdicts = await this.#commits.appendGroup(requests);
    const stored = verdicts.map((verdict) => {
      if ("error" in verdict || verdict.repeated) return null;
      const { position, version, time } = verdict.events[0]!;
      return { position, version, time };
    });
    return { stored, isShared: this.#senders.hasOther(sender, performance.now()) };
  }

  async #commit(
    request: AppendRequest,
    speculation: AppendInput["speculation"],
    isSystem?: boolean,
  ): Promise<Appended> {
    this.#d.assertOpen();
    this.#senders.record(this.#d.node, performance.now());
    try {
      const isAsSent = speculation && this.#isReadAs(speculation.content, request);
      const appended = await this.#commits.append(request, { speculation, isAsSent, isSystem });
      this.#outage = null;
      return appended;
    } catch (error) {
      if (isOutage(error)) this.#outage = (error as Error).message;
      throw error;
    }
  }

  /** Measures the whole append including its checks, also if it is rejected. */
  async #measured(append: () => Promise<Appended>): Promise<Appended> {
    const { metrics } = this.#d;
    if (!metrics) return append();
    const since = performance.now();
    try {
      const appended = await append();
      metrics.recordAppend(performance.now() - since, appended.repeated ? 0 : appended.events.length, false);
      return appended;
    } catch (error) {
      metrics.recordAppend(performance.now() - since, 0, (error as { type?: unknown }).type === "VERSION_CONFLICT");
      throw error;
    }
  }

  #isReadAs(content: string, { events }: AppendRequest): boolean {
    return contentOf(events) === content && events.every((event) => isOfToday(this.#d.catalogue(), event));
  }
}
