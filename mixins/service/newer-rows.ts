import type { Context } from "moleculer";
import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import { times } from "../../core/concurrency/times.ts";
import { HostBehindError } from "./host-behind.ts";
import { inOrderFrom, passedOnAs, passedTo } from "./pass-on.ts";
import { sentParams } from "./sent-params.ts";

interface Dependencies {
  /** The event before which the rows of this node stand still, if only a newer release can read it. */
  newer: (ctx: Context) => NewerEvent | null;
  /** The other nodes whose release can read the event. */
  nodesFor: (newer: NewerEvent) => string[];
  /** The position of the rows of this node. */
  position: () => Promise<number>;
}

/**
 * Reads while the rows of this node stand still before an event of a newer release: a node whose rows include the event
 * serves them, so that a client which is balanced between the nodes does not get older rows in turn.
 */
export class NewerRows {
  readonly #d: Dependencies;
  /** Until then the rows of this node are returned without a question, in `performance.now()` time. */
  #restsUntil = -Infinity;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Whether a call is to be served by another node, if one can. */
  areElsewhere(ctx: Context): boolean {
    const isWaiting = this.#d.newer(ctx) !== null && passedOnAs(ctx) === undefined;
    return isWaiting && performance.now() >= this.#restsUntil;
  }

  serve(ctx: Context, handleHere: () => unknown): unknown {
    const from = passedOnAs(ctx);
    if (typeof from === "number") return this.#orBehind(ctx, from, handleHere);
    return this.areElsewhere(ctx) ? this.#elsewhere(ctx, this.#d.newer(ctx)!, handleHere) : handleHere();
  }

  /** @throws HostBehindError: the rows of this node do not include the event at the position either */
  async #orBehind(ctx: Context, position: number, handleHere: () => unknown): Promise<unknown> {
    if ((await this.#d.position()) < position) throw new HostBehindError(ctx.action!.name!, ctx.broker.nodeID);
    return handleHere();
  }

  async #elsewhere(ctx: Context, newer: NewerEvent, handleHere: () => unknown): Promise<unknown> {
    const { answerMs, avoidMs } = times.newerRows;
    let restMs: number = times.poll.everyMs;
    for (const nodeID of inOrderFrom(ctx.broker.nodeID, this.#d.nodesFor(newer)))
      try {
        const options = { ...passedTo(ctx, nodeID, newer.position), timeout: answerMs, retries: 0 };
        return await ctx.call(ctx.action!.name!, sentParams(ctx), options);
      } catch (error) {
        const { type, retryable } = (error ?? {}) as { type?: unknown; retryable?: unknown };
        // It is the answer of newer rows. Any other error may be due to the other definition.
        if (type === "ENTITY_NOT_FOUND") throw error;
        if (type === "HOST_BEHIND") continue;
        restMs = retryable === true ? avoidMs : 0;
        break;
      }
    this.#restsUntil = performance.now() + restMs;
    return handleHere();
  }
}
