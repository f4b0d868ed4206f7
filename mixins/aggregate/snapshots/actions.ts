import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { onEveryHost } from "../../consumer/on-every-host.ts";
import { spoken } from "../../service/between-nodes.ts";
import { innerNameOn } from "../../service/releases.ts";
import { ownActions } from "../../service/own-actions.ts";
import type { Manifest } from "./manifest.ts";
import type { Snapshots } from "./snapshots.ts";
import { wholeNumber } from "../../service/whole-number.ts";

/**
 * The actions `snapshot` and `snapshots` of an aggregate's service. `snapshot` copies the table of the called node;
 * `snapshots` lists those of all hosts.
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
        const { answers } = await onEveryHost<Manifest[]>(ctx.broker, name, "snapshotsHere", {});
        return [...answers.values()].flat().toSorted((a, b) => (a.id < b.id ? -1 : 1));
      },
    },
  });
}

/** The actions that hosts call on each other. */
export const snapshotInnerActions = (snapshots: () => Snapshots): NonNullable<ServiceSchema["actions"]> => ({
  snapshotsHere: { handler: () => snapshots().list() },
  proveSnapshot: {
    params: { id: "string", force: { type: "boolean", optional: true } },
    handler: (ctx: Context<{ id: string; force?: boolean }>) => snapshots().prove(ctx.params.id, ctx.params),
  },
});

/** A snapshot, and the node that has it now, which may differ from `manifest.node` after a restart. */
export interface LocatedSnapshot {
  manifest: Manifest;
  nodeID: string;
}

/**
 * Finds a snapshot on any node, and proves it there.
 * @throws UnknownSnapshotError, SnapshotMismatchError, SnapshotDamagedError, SnapshotsNotConfiguredError
 */
export async function locateSnapshot(
  broker: ServiceBroker,
  name: string,
  id: string,
  force: boolean,
): Promise<LocatedSnapshot> {
  const prove = async (nodeID: string): Promise<LocatedSnapshot> => ({
    manifest: await broker.call<Manifest, object>(
      `${innerNameOn(broker, name, nodeID)}.proveSnapshot`,
      { id, force },
      { ...spoken, nodeID },
    ),
    nodeID,
  });
  try {
    return await prove(broker.nodeID);
  } catch (error) {
    if ((error as { type?: unknown }).type !== "UNKNOWN_SNAPSHOT") throw error;
    const { answers } = await onEveryHost<Manifest[]>(broker, name, "snapshotsHere", {});
    for (const [nodeID, manifests] of answers)
      if (nodeID !== broker.nodeID && manifests.some((manifest) => manifest.id === id)) return prove(nodeID);
    throw error;
  }
}
