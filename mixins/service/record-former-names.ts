import type { Context, ServiceBroker } from "moleculer";
import { callInner } from "./between-nodes.ts";

/** By broker, store and type: in each process once. */
const recorded = new WeakMap<ServiceBroker, Map<string, Promise<unknown>>>();

/**
 * Records the former names of an event type in the log, before an event is appended to a store whose host may be of an
 * older release. @throws the error of the store's host; the next call tries again
 */
export async function recordFormerNames(
  ctx: Context,
  store: string,
  { type, formerNames }: { type: string; formerNames: readonly string[] },
): Promise<void> {
  if (formerNames.length === 0) return;
  const known = recorded.get(ctx.broker) ?? new Map<string, Promise<unknown>>();
  recorded.set(ctx.broker, known);
  const key = `${store} ${type}`;
  const recording = known.get(key) ?? callInner(ctx, store, "recordFormerNames", { type, formerNames });
  known.set(key, recording);
  try {
    await recording;
  } catch (error) {
    known.delete(key);
    throw error;
  }
}
