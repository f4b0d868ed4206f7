import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { onEveryHost } from "../../consumer/on-every-host.ts";
import { ownActions } from "../../service/own-actions.ts";
import type { Manifest } from "./manifest.ts";
import type { Snapshots } from "./snapshots.ts";
import { wholeNumber } from "../../service/whole-number.ts";

/**
 * `snapshot, snapshots` of an aggregate's service. A snapshot is of the table of the node that answers; the list is of
 * every host's.
 */
export function snapshotActions(name: string, snapshots: () => Snapshots): NonNullable<ServiceSchema["actions"]> {
  return ownActions({
    snapshot: {
      params: { $$strict: true, keep: { ...wholeNumber, min: 1, optional: true, convert: true } },
      handler: (ctx: Context<{ keep?: number }>) => snapshots().take(ctx.params),
    },
    snapshots: {
      params: { $$strict: true },
      async handler(ctx: Context): Promise<Manifest[]> {
        const { answers: everywhere } = await onEveryHost<Manifest[]>(ctx.broker, name, "snapshotsHere", {});
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

/** A snapshot, and the node that has it now: a process that was started again may have another name than it had then. */
export interface LocatedSnapshot {
  manifest: Manifest;
  nodeID: string;
}

/**
 * The snapshot with this id, on whichever node it is, after it was looked at there.
 * @throws UnknownSnapshotError, SnapshotMismatchError, SnapshotDamagedError, SnapshotsNotConfiguredError
 */
export async function locateSnapshot(
  broker: ServiceBroker,
  name: string,
  id: string,
  force: boolean,
): Promise<LocatedSnapshot> {
  const prove = async (nodeID: string): Promise<LocatedSnapshot> => ({
    manifest: await broker.call<Manifest, object>(`${name}.proveSnapshot`, { id, force }, { nodeID }),
    nodeID,
  });
  try {
    return await prove(broker.nodeID);
  } catch (error) {
    if ((error as { type?: unknown }).type !== "UNKNOWN_SNAPSHOT") throw error;
    const { answers: everywhere } = await onEveryHost<Manifest[]>(broker, name, "snapshotsHere", {});
    for (const [nodeID, manifests] of everywhere)
      if (nodeID !== broker.nodeID && manifests.some((manifest) => manifest.id === id)) return prove(nodeID);
    throw error;
  }
}
