import {
  toAppendRequest,
  type AppendContext,
  type AppendInput,
  type AppendRequest,
} from "../../../core/log/append-request.ts";
import { emptyCatalogue, type Catalogue, type CurrentCatalogue } from "../../../core/catalogue/catalogue.ts";
import { newerInput } from "../../../core/catalogue/newer-event.ts";
import { contentOf } from "../../../core/log/speculative.ts";
import type { AppendVerdict, EventLog } from "../../../core/log/event-log.ts";
import { isOutage } from "../../../core/errors/outage.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { upcastEach } from "../../../core/catalogue/upcast-page.ts";
import { isOfToday } from "../../../core/catalogue/upcast.ts";
import type { Opener } from "../../service/opener.ts";
import type { StoreMetrics } from "../../observability/metrics.ts";
import type { RelayAnswer } from "../../../core/log/append-relay.ts";
import { StoreUnavailableError, ValidationError } from "../../../core/errors/errors.ts";
import { GroupCommit } from "./group-commit.ts";
import type { PendingLimits } from "./pending-appends.ts";
import { fromRelayed, type RelayedAppend } from "./relayed-group.ts";
import { Senders } from "./senders.ts";

/**
 * The result of everything that stores events: `append`, mapped actions and commands. Version and position are those of
 * the last event; of the entity, if a command stored no events.
 */
export interface StoredAnswer<Event = RecordedEvent> {
  stream: string;
  version: number;
  position: number;
  events: Event[];
  /** True if the events had been stored before. The result is that of the first time. */
  repeated: boolean;
}

interface Dependencies {
  /** The store's name. */
  name: string;
  node: string;
  log: EventLog;
  opener: Pick<Opener, "assertOpen">;
  catalogue: CurrentCatalogue;
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
  /** When this host's own last append began. */
  #appendedAt = -Infinity;
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

  /** The whole append is measured including its checks, also if it is rejected. */
  async append(input: AppendInput, ids: RequestIds): Promise<StoredAnswer> {
    const { metrics, opener, catalogue } = this.#d;
    const since = performance.now();
    let isSent = false;
    try {
      const request = this.#toRequest(input, ids);
      opener.assertOpen();
      this.#appendedAt = since;
      const { speculation } = input;
      const isAsSent = speculation && this.#isReadAs(speculation.content, request);
      isSent = true;
      const [verdict] = await this.#commits.append([request], { speculation, isAsSent, isSystem: ids.isSystem });
      if ("error" in verdict!) throw verdict.error;
      this.#outage = null;
      const { events: stored, repeated } = verdict!;
      // They are stored, so the append succeeds, even if the current catalogue cannot upcast one of a repeated append.
      const events = stored.map((event) => asAnswered(catalogue.current, event));
      metrics?.recordAppend(performance.now() - since, repeated ? 0 : stored.length, false);
      const last = stored.at(-1)!;
      return { stream: last.stream, version: last.version, position: last.position, events, repeated };
    } catch (error) {
      if (isSent && isOutage(error)) this.#outage = (error as Error).message;
      metrics?.recordAppend(performance.now() - since, 0, (error as { type?: unknown }).type === "VERSION_CONFLICT");
      throw error;
    }
  }

  /** @throws StoreUnavailableError if only a newer release can check the events */
  #toRequest(input: AppendInput, ids: RequestIds): AppendRequest {
    // The catalogue applies to callers' events only.
    const catalogue = ids.isSystem ? emptyCatalogue : this.#d.catalogue.current;
    const newer = newerInput(catalogue, input);
    if (newer !== null) throw new StoreUnavailableError(this.#d.name, newer);
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
    this.#d.opener.assertOpen();
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
    this.#d.opener.assertOpen();
    const own = await this.#d.log.identity();
    if (own !== log) throw new ValidationError([{ field: "log", found: log, expected: own }]);
    const { maxEventBytes, catalogue } = this.#d;
    const requests = fromRelayed(group, { maxEventBytes, catalogue: catalogue.current });
    this.#senders.record(this.#d.node, this.#appendedAt);
    this.#senders.record(sender, performance.now());
    const verdicts = await this.#commits.append(requests);
    const stored = verdicts.map((verdict) => {
      if ("error" in verdict || verdict.repeated) return null;
      const { position, version, time } = verdict.events[0]!;
      return { position, version, time };
    });
    return { stored, isShared: this.#senders.hasOther(sender, performance.now()) };
  }

  #isReadAs(content: string, { events }: AppendRequest): boolean {
    return contentOf(events) === content && events.every((event) => isOfToday(this.#d.catalogue.current, event));
  }
}

/** As it is read; as it is stored if that is not one event, since an append returns one event for each. */
function asAnswered(catalogue: Catalogue, stored: RecordedEvent): RecordedEvent {
  if (isOfToday(catalogue, stored)) return stored;
  const [event] = upcastEach(catalogue, { events: [stored] }).events;
  return event && event.parts === undefined ? event : stored;
}
