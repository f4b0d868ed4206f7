import type { Context, ServiceBroker } from "moleculer";
import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import { times } from "../../core/concurrency/times.ts";
import { HostBehindError } from "./host-behind.ts";
import { inOrderFrom, passedOnAs, passedTo } from "./pass-on.ts";
import { sentParams } from "./sent-params.ts";
import { SilentNodes } from "./silent-nodes.ts";

interface Dependencies {
  /** The event before which the rows of this node stand still, if only a newer release can read it. */
  newer: (ctx: Context) => NewerEvent | null;
  /** The other nodes whose release can read the event. */
  nodesFor: (newer: NewerEvent) => string[];
  /** The position that the caller has asked for; 0 if it has not. */
  asked: (ctx: Context) => number;
  /** The position of the rows that this node returns. */
  position: () => Promise<number>;
}

/**
 * Reads while the rows of this node stand still before an event of a newer release: a node whose rows include the event,
 * and all that the rows here include, serves them. So a client that is balanced between the nodes does not get older rows in
 * turn.
 */
export class NewerRows {
  readonly #d: Dependencies;
  readonly #silent = new SilentNodes();
  /** Until then the rows of this node are returned without a question, in `performance.now()` time. */
  #restsUntil = -Infinity;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /** Whether a call is to be served by another node, if one can. */
  areElsewhere(ctx: Context): boolean {
    return passedOnAs(ctx) === undefined && this.#d.newer(ctx) !== null && performance.now() >= this.#restsUntil;
  }

  serve(ctx: Context, handleHere: () => unknown): unknown {
    const from = passedOnAs(ctx);
    if (typeof from === "number") return this.#orBehind(ctx, from, handleHere);
    return this.areElsewhere(ctx) ? this.#elsewhere(ctx, this.#d.newer(ctx)!, handleHere) : handleHere();
  }

  /** The nodes that can read the event, and respond. */
  nodes(broker: ServiceBroker, newer: NewerEvent): string[] {
    return inOrderFrom(broker.nodeID, this.#d.nodesFor(newer)).filter((node) => !this.#silent.has(broker, node));
  }

  /** @throws HostBehindError: the rows of this node do not reach the position either */
  async #orBehind(ctx: Context, position: number, handleHere: () => unknown): Promise<unknown> {
    if ((await this.#d.position()) < position) throw new HostBehindError(ctx.action!.name!, ctx.broker.nodeID);
    return handleHere();
  }

  async #elsewhere(ctx: Context, newer: NewerEvent, handleHere: () => unknown): Promise<unknown> {
    const asked = this.#d.asked(ctx);
    const reached = Math.max(newer.position, await this.#d.position());
    let restMs: number = asked > reached ? 0 : times.poll.everyMs;
    for (const nodeID of this.nodes(ctx.broker, newer))
      try {
        const ask = () => this.#ask(ctx, nodeID, Math.max(reached, asked));
        const answered = await this.#silent.ask(ctx.broker, nodeID, ask);
        if (answered) return answered.answer;
      } catch (error) {
        const { type, retryable } = (error ?? {}) as { type?: unknown; retryable?: unknown };
        // It is the answer of newer rows.
        if (type === "ENTITY_NOT_FOUND") throw error;
        if (type === "HOST_BEHIND" || retryable === true) continue;
        // Any other error may be due to the other definition.
        restMs = 0;
        break;
      }
    this.#restsUntil = performance.now() + restMs;
    return handleHere();
  }

  #ask(ctx: Context, nodeID: string, position: number): Promise<unknown> {
    // A message may be lost while its node responds.
    const options = { ...passedTo(ctx, nodeID, position), timeout: times.call.everyHostMs, retries: 0 };
    return ctx.call(ctx.action!.name!, sentParams(ctx), options);
  }
}
