import type { Speculation } from "../../../core/log/speculative.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import type { AppendVerdict, EventLog } from "../../../core/log/event-log.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { CommitRoom, PendingAppends, sizeOf, type PendingLimits, type Sized } from "./pending-appends.ts";
import { ReturningGroups } from "./returning-groups.ts";
import { SpeculativeAppends } from "./speculative-appends.ts";

export interface Appended {
  events: RecordedEvent[];
  repeated: boolean;
}

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
  readonly #returning = new ReturningGroups();
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

  /** @throws StoreUnavailableError if the store is stopping or `maxPending` is reached */
  async append(request: AppendRequest, terms: AppendTerms = {}): Promise<Appended> {
    const [verdict] = await this.#add([request], terms);
    if ("error" in verdict!) throw verdict.error;
    return verdict!;
  }

  /** Appends the requests in one commit, in their order. Each gets its own verdict. @throws StoreUnavailableError as above */
  appendGroup(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    this.#returning.arrived(performance.now());
    return this.#add(requests, {});
  }

  async #add(
    requests: readonly AppendRequest[],
    { speculation, isAsSent = false, isSystem }: AppendTerms,
  ): Promise<AppendVerdict[]> {
    if (this.#closed) throw new StoreUnavailableError(this.#name, "it is stopping; nothing was stored");
    const pending = isSystem ? this.#own : this.#callers;
    return new Promise<AppendVerdict[]>((resolve, reject) => {
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
    while (!this.#own.isEmpty || !this.#callers.isEmpty) {
      // One turn of the event loop, in which callers whose appends were committed together append again.
      await new Promise((turn) => setImmediate(turn));
      await this.#returning.wait();
      const room = new CommitRoom();
      const taken = [...this.#own.take(room), ...this.#callers.take(room)];
      await this.#commit(taken.filter((waiting) => this.#isAdmitted(waiting)));
    }
    this.#running = null;
  }

  #isAdmitted(waiting: Waiting): boolean {
    const { requests, speculation, isAsSent, reject } = waiting;
    try {
      if (speculation) this.#speculativeAppends.admit(requests[0]!, speculation, isAsSent);
      return true;
    } catch (error) {
      waiting.pending.done(waiting);
      reject(error);
      return false;
    }
  }

  async #commit(batch: Waiting[]): Promise<void> {
    let last: RecordedEvent | undefined;
    if (batch.length === 0) return;
    const began = performance.now();
    try {
      const verdicts = await this.#store(batch);
      let next = 0;
      for (const { requests, speculation, resolve } of batch) {
        const own = verdicts.slice(next, (next += requests.length));
        for (const verdict of own) {
          const isStored = "events" in verdict && !verdict.repeated;
          if (speculation) this.#speculativeAppends.decided(speculation, isStored);
          if (isStored && !verdict.isAnnounced) last = verdict.events.at(-1);
        }
        resolve(own);
      }
    } catch (error) {
      for (const { speculation, reject } of batch) {
        if (speculation) this.#speculativeAppends.decided(speculation, false);
        reject(error);
      }
    }
    const groups = batch.filter(({ requests }) => requests[0]!.isRelayed);
    this.#returning.committed(groups.length, began, performance.now());
    if (last) this.#onCommit(last);
  }

  /** Releases the whole batch before any append resolves, so that callers that append again at once are within the limits. */
  async #store(batch: Waiting[]): Promise<AppendVerdict[]> {
    try {
      return await this.#log.append(batch.flatMap(({ requests }) => requests));
    } finally {
      for (const waiting of batch) waiting.pending.done(waiting);
    }
  }
}
