import type { Speculation } from "../../../core/log/speculative.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { AppendVerdict, EventLog } from "../../../core/log/event-log.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { PendingAppends, sizeOf, type CommitBatch, type PendingLimits, type Sized } from "./pending-appends.ts";
import { ReturningGroups } from "./returning-groups.ts";
import { SpeculativeAppends } from "./speculative-appends.ts";

/** Conditions of an append. */
export interface AppendTerms {
  speculation?: Speculation | undefined;
  /** True if the stored content will be exactly the content that the sender of `speculation` has folded. */
  isAsSent?: boolean | undefined;
  /** True for the framework's own events: limited separately from callers' appends, and committed before them. */
  isSystem?: boolean | undefined;
}

interface Waiting extends Sized {
  /** One append, or a group from another host, which is committed as a whole. */
  requests: readonly AppendRequest[];
  speculation: Speculation | undefined;
  isAsSent: boolean;
  /** The queue that counts it as pending. */
  pending: PendingAppends<Waiting>;
  resolve: (verdicts: AppendVerdict[]) => void;
  reject: (error: unknown) => void;
}

/**
 * Group commit: appends that arrive during a commit, or in one turn of the event loop, share the next commit, so that 64
 * callers wait for one fsync. An append resolves only after the commit that contains its events.
 */
export class GroupCommit {
  readonly #log: EventLog;
  readonly #onCommit: (last: RecordedEvent) => void;
  readonly #name: string;
  readonly #speculativeAppends = new SpeculativeAppends();
  /** Null until another host sends a group. */
  #returning: ReturningGroups | null = null;
  readonly #own: PendingAppends<Waiting>;
  readonly #callers: PendingAppends<Waiting>;
  #running: Promise<void> | null = null;
  #closed = false;

  constructor(store: string, log: EventLog, onCommit: (last: RecordedEvent) => void, limits: PendingLimits) {
    this.#name = store;
    this.#log = log;
    this.#onCommit = onCommit;
    this.#own = new PendingAppends(store, limits);
    this.#callers = new PendingAppends(store, limits);
  }

  /**
   * Appends the requests in one commit, in their order. Each gets its own verdict.
   * @throws StoreUnavailableError if the store is stopping or `maxPending` is reached
   */
  append(
    requests: readonly AppendRequest[],
    { speculation, isAsSent = false, isSystem }: AppendTerms = {},
  ): Promise<AppendVerdict[]> {
    if (requests[0]!.isRelayed) (this.#returning ??= new ReturningGroups()).arrived(performance.now());
    return new Promise<AppendVerdict[]>((resolve, reject) => {
      if (this.#closed) throw new StoreUnavailableError(this.#name, "it is stopping; nothing was stored");
      const pending = isSystem ? this.#own : this.#callers;
      try {
        pending.add({ ...sizeOf(requests), requests, speculation, isAsSent, pending, resolve, reject });
      } catch (error) {
        // Commands that depend on this append are rejected as well, and decided again.
        if (speculation) this.#speculativeAppends.refused(speculation);
        throw error;
      }
      this.#running ??= this.#run();
    });
  }

  /** Accepts no further append. Resolves when the accepted ones are committed. */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#running;
  }

  async #run(): Promise<void> {
    while (this.#own.untaken + this.#callers.untaken > 0) {
      // One turn of the event loop, in which callers whose appends were committed together append again.
      await new Promise((turn) => setImmediate(turn));
      if (this.#returning) await this.#returning.wait();
      const commit: CommitBatch<Waiting> = { appends: [], events: 0, bytes: 0 };
      this.#own.takeInto(commit);
      this.#callers.takeInto(commit);
      const admitted = commit.appends.filter((one) => !one.speculation || this.#isAdmitted(one, one.speculation));
      if (admitted.length > 0) await this.#commit(admitted);
    }
    this.#running = null;
  }

  #isAdmitted(waiting: Waiting, speculation: Speculation): boolean {
    const { requests, isAsSent, reject } = waiting;
    try {
      this.#speculativeAppends.admit(requests[0]!, speculation, isAsSent);
      return true;
    } catch (error) {
      waiting.pending.done(waiting);
      reject(error);
      return false;
    }
  }

  async #commit(batch: Waiting[]): Promise<void> {
    const began = performance.now();
    let outcome: AppendVerdict[] | { error: unknown };
    try {
      outcome = await this.#log.append(batch.flatMap(({ requests }) => requests));
    } catch (error) {
      outcome = { error };
    }
    // The whole batch, before any append resolves, so that callers that append again at once are within the limits.
    for (const waiting of batch) waiting.pending.done(waiting);
    let last: RecordedEvent | undefined;
    let next = 0;
    for (const { requests, speculation, resolve, reject } of batch) {
      const verdicts =
        "error" in outcome ? [outcome as { error: Error }] : outcome.slice(next, (next += requests.length));
      for (const verdict of verdicts) {
        const isStored = "events" in verdict && !verdict.repeated;
        if (speculation) this.#speculativeAppends.decided(speculation, isStored);
        if (isStored && !verdict.isAnnounced) last = verdict.events.at(-1);
      }
      if ("error" in outcome) reject(outcome.error);
      else resolve(verdicts);
    }
    const groups = batch.filter(({ requests }) => requests[0]!.isRelayed).length;
    this.#returning?.committed(groups, began, performance.now());
    if (last) this.#onCommit(last);
  }
}
