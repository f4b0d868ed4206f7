import type { DeciderDefinition } from "../../core/decider/decider.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { fold } from "../../core/decider/rehydrate.ts";
import { times } from "../../core/concurrency/times.ts";
import type { StoredAnswer } from "../event-store/append/appends.ts";
import type { CommandTag } from "../../core/log/command-tag.ts";
import type { CommandCall } from "./command-call.ts";
import { assertSameCommand, earlierEvents, repeatedAnswer } from "../event-store/actions/earlier-events.ts";
import type { Entities } from "./entities.ts";
import type { SnapshotWriter } from "./snapshot-writer.ts";
import type { BaseState, SpeculativeState } from "./speculative-state.ts";

/** How often a command was decided without a stored result. */
export interface Tries {
  /** Decisions on a stored state that ended in a version conflict. */
  conflicts: number;
  /** Decisions on a speculative state that was never stored. */
  failedSpeculations: number;
}

/** Fields of the `data` of the store's errors. */
interface Found {
  actual?: number;
  why?: string;
}

interface Dependencies {
  decider: DeciderDefinition;
  store: string;
  entities: Entities;
  speculative: SpeculativeState;
  snapshots: SnapshotWriter;
  logDefect: (message: string, error: unknown) => void;
}

/** Completes commands after their append: caches the state, saves snapshots, handles conflicts and repeats. */
export class Outcomes {
  readonly #d: Dependencies;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Resolves to null if the events were not stored and the command must be decided again. */
  async of(
    call: CommandCall,
    tries: Tries,
    base: BaseState,
    appended: Promise<StoredAnswer>,
  ): Promise<StoredAnswer | null> {
    let answer: StoredAnswer;
    try {
      answer = await appended;
    } catch (error) {
      this.#d.speculative.break(call.stream);
      return this.#refused(call, tries, base, error);
    }
    return this.#stored(call, base, answer);
  }

  async #refused(
    call: CommandCall,
    tries: Tries,
    { entity, dependsOn }: BaseState,
    error: unknown,
  ): Promise<null | StoredAnswer> {
    const { decider, entities, speculative } = this.#d;
    const { ctx, stream } = call;
    const { type, code, data } = (error ?? {}) as { type?: unknown; code?: unknown; data?: Found };
    // A repeated command may be rejected now, although its events were stored the first time.
    const isRefusal = type === "CLAIMS_BEHIND" || (typeof code === "number" && code >= 400 && code < 500);
    const earlier = isRefusal && type !== "SPECULATION_FAILED" ? await this.earlier(call) : null;
    if (earlier) return earlier;
    const isConflict = type === "VERSION_CONFLICT";
    if (!isConflict && type !== "DUPLICATE_CLAIM" && type !== "SPECULATION_FAILED") entities.drop(stream);
    if (dependsOn !== null) {
      // An outage is thrown at once. A rejection may be due to the speculative state, so it is decided again.
      if (!isRefusal) throw error;
      tries.failedSpeculations++;
      if (type === "SPECULATION_FAILED" && data?.why !== "refused") speculative.pause();
    } else {
      if (!isConflict || tries.conflicts >= decider.conflictRetries) throw error;
      await pause(++tries.conflicts);
      // A stream that is shorter than the cached state belongs to another log: neither cache nor snapshot is valid.
      const isOther = (data?.actual ?? 0) < entity.version;
      if (isOther) {
        entities.drop(stream);
        await entities.load(ctx, stream, entities.empty());
        return null;
      }
    }
    const newEvents = await entities.eventsAfter(ctx, stream, entity.version);
    if (dependsOn === null) entities.keep(stream, { ...entity, ...fold(decider, entity, newEvents) });
    // The append was stored, but its response was lost. A middleware retried it, and the retry conflicted with the first.
    const own = newEvents.filter(({ meta }) => isOf(call.tag, meta["$command"]));
    return own.length > 0 ? this.#answer(call, own) : null;
  }

  #stored(call: CommandCall, base: BaseState, answer: StoredAnswer): StoredAnswer {
    const { events, version, repeated } = answer;
    const { decider, entities, snapshots, speculative } = this.#d;
    const { stream } = call;
    if (repeated) {
      speculative.break(stream);
      if (version > base.entity.version) entities.drop(stream);
      return this.#answer(call, events);
    }
    const known = base.dependsOn === null ? base.entity : entities.cached(stream);
    try {
      if (!known || known.version < base.entity.version) entities.drop(stream);
      else {
        const next = fold(decider, known, events);
        const isDue = decider.snapshotEvery !== null && version - known.snapshotVersion >= decider.snapshotEvery;
        entities.keep(stream, { ...next, snapshotVersion: isDue ? version : known.snapshotVersion });
        if (isDue) snapshots.save(stream, next);
      }
    } catch (error) {
      // The events are stored, so the command succeeds. The next command throws the same error before it stores anything.
      entities.drop(stream);
      this.#d.logDefect(`${stream}: evolve has failed for events that were just stored`, error);
    }
    return answer;
  }

  /** The first result of a repeated command; null if it has stored nothing before. */
  async earlier(call: CommandCall): Promise<StoredAnswer | null> {
    if (call.appendId === undefined) return null;
    const events = await earlierEvents(call.ctx, this.#d.store, call.appendId);
    return events.length === 0 ? null : this.#answer(call, events);
  }

  /** @throws CommandIdReusedError */
  #answer({ tag }: CommandCall, events: RecordedEvent[]): StoredAnswer {
    assertSameCommand(tag, events);
    return repeatedAnswer(events);
  }
}

const isOf = ({ id, name }: CommandTag, tag: unknown): boolean => {
  const found = (tag ?? {}) as Partial<CommandTag>;
  return found.id === id && found.name === name;
};

/** Backs off at random after the third conflict, so that nodes with the same stream do not conflict again. */
async function pause(conflicts: number): Promise<void> {
  if (conflicts <= 3) return;
  const { firstMs, longestMs } = times.conflictRetry;
  const pauseMs = Math.random() * Math.min(longestMs, firstMs * 2 ** (conflicts - 3));
  await new Promise((turn) => setTimeout(turn, pauseMs));
}
