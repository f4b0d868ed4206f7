import type { Context, ServiceSchema } from "moleculer";
import { onEveryHost } from "../consumer/on-every-host.ts";
import { allWithoutParams } from "../spans.ts";
import type { Manifest } from "./manifest.ts";
import type { Snapshots } from "./snapshots.ts";

/**
 * `snapshot, snapshots` of an aggregate's service. A snapshot is of the table of the node that answers; the list is of
 * every host's.
 */
export function snapshotActions(name: string, snapshots: () => Snapshots): NonNullable<ServiceSchema["actions"]> {
  return allWithoutParams({
    snapshot: {
      params: { $$strict: true, keep: { type: "number", integer: true, min: 1, optional: true, convert: true } },
      handler: (ctx: Context<{ keep?: number }>) => snapshots().take(ctx.params),
    },
    snapshots: {
      params: { $$strict: true },
      async handler(ctx: Context): Promise<Manifest[]> {
        const everywhere = await onEveryHost<Manifest[]>(ctx.broker, name, "snapshotsHere", {});
        return [...everywhere.values()].flat().toSorted((a, b) => (a.id < b.id ? -1 : 1));
      },
    },
    // Between nodes.
    snapshotsHere: { handler: () => snapshots().list() },
    proveSnapshot: {
      params: { id: "string", force: { type: "boolean", optional: true } },
      handler: (ctx: Context<{ id: string; force?: boolean }>) => snapshots().prove(ctx.params.id, ctx.params),
    },
  });
}
