import type { Context } from "moleculer";
import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import type { NewerRows } from "./newer-rows.ts";
import { orOnNewer, whileBehind } from "./pass-on.ts";

/** The nodes that may serve a read instead of the one that was called. */
export interface ReadNodes {
  /** The node that must serve the call instead of this one, if any. */
  nodeFor?: (ctx: Context) => string | null;
  /** Whether other hosts can serve the call better, since this one must catch up. */
  isBehind?: (ctx: Context) => boolean;
  /** The hosts that are asked first then: their documents are the most like this one's. */
  peers?: () => readonly string[];
  /** A node of a newer release that can read the event, if any. */
  newerNodeFor?: (ctx: Context, newer: NewerEvent) => string | null;
  /** Of a table: its rows on nodes of a newer release. */
  newerRows?: NewerRows;
}

/** Serves the read on one of the nodes, or here. */
export function onBestNode(ctx: Context, nodes: ReadNodes, handleHere: () => unknown): unknown {
  const { nodeFor, isBehind, peers, newerNodeFor, newerRows } = nodes;
  const nodeID = nodeFor?.(ctx);
  // Forwards the params unchanged: they are sanitized on the other node.
  if (nodeID) return ctx.call(ctx.action!.name!, ctx.params, { nodeID });
  const answer = () => (newerNodeFor ? orOnNewer(ctx, newerNodeFor, handleHere) : handleHere());
  const inTime = () => whileBehind(ctx, isBehind?.(ctx) === true, answer, peers);
  return newerRows ? newerRows.serve(ctx, inTime) : inTime();
}
