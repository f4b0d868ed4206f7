import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import type { RebuildRequest, ConsumerControl, ControlChange } from "../../../core/consumer/consumer-control.ts";
import { RebuildRunningError } from "../../../core/errors/snapshot-errors.ts";
import { newEventId } from "../../../core/event/event-id.ts";
import { onEveryHost } from "../../consumer/on-every-host.ts";
import { ownActions } from "../../service/own-actions.ts";

/** The host of an aggregate on one node, reduced to what these actions need. */
interface Host {
  /** The build that is running or requested. */
  running(): Promise<Job | null>;
  built(requestId: string): Promise<number>;
  change(change: ControlChange): Promise<ConsumerControl>;
  control(): Promise<ConsumerControl>;
  /** Locates a snapshot and checks it. @throws the error of an unusable snapshot */
  locate(broker: ServiceBroker, id: string, force: boolean): Promise<NonNullable<RebuildRequest["snapshot"]>>;
}

/** A build beside the live table. `change`: it was started because the definition has changed. */
export interface Job {
  requestId: string;
  kind: RebuildRequest["kind"] | "change";
  snapshotId?: string;
}

interface Params {
  snapshotId?: string;
  wait: boolean;
  force: boolean;
}

/**
 * `rebuild, restore, replay, cancel`. A request is stored as control state first. Then every node
 * that hosts the aggregate builds its table, and the action returns after the last switch.
 */
export function rebuildActions(name: string, host: () => Host): NonNullable<ServiceSchema["actions"]> {
  /** The builds of all nodes: one node may be done while another is not. */
  const jobs = async (broker: ServiceBroker) =>
    [...(await onEveryHost<Job | null>(broker, name, "building", {})).answers.values()].filter((job) => job !== null);
  const give = async (ctx: Context<Params>, kind: RebuildRequest["kind"]) => {
    const { snapshotId, wait, force } = ctx.params;
    const { broker } = ctx;
    const snapshot = snapshotId === undefined ? undefined : await host().locate(broker, snapshotId, force);
    const { build: last } = await host().control();
    const [running] = await jobs(broker);
    if (running) throw new RebuildRunningError(name, running);
    const id = newEventId();
    const request = { id, kind, ...(snapshot && { snapshot }), ...(force && { force }), after: last?.id ?? "" };
    await host().change({ build: request });
    const job = jobOf({ id, kind, ...(snapshot && { snapshot }) });
    if (!wait) return job;
    const { answers: positions } = await onEveryHost<number>(broker, name, "built", { requestId: id });
    return { ...job, position: positions.get(broker.nodeID), ...(kind === "restore" && { paused: true }) };
  };
  const boolean = (value: boolean) => ({ type: "boolean", optional: true, convert: true, default: value }) as const;
  const wait = boolean(true);
  const force = boolean(false);
  const snapshotId = { type: "string" } as const;
  const required = "The '{field}' field is required: `replay` begins with a snapshot; `rebuild` folds the whole log.";
  const replayed = { ...snapshotId, messages: { required } } as const;
  const action = (kind: RebuildRequest["kind"], params: object) => ({
    params: { $$strict: true, wait, ...params },
    handler: (ctx: Context<Params>) => give(ctx, kind),
  });

  return ownActions({
    rebuild: action("rebuild", {}),
    restore: action("restore", { snapshotId, force }),
    replay: action("replay", { snapshotId: replayed, force }),
    cancel: {
      params: { $$strict: true },
      async handler(ctx: Context) {
        const { build } = await host().control();
        const isRunning = build && (await jobs(ctx.broker)).some(({ requestId }) => requestId === build.id);
        if (!isRunning) return { cancelled: null };
        const end = { id: build.id, why: "it was cancelled" };
        await host().change({ endBuild: { ...end, keepPause: true } });
        // A node responds after it has dropped its build. A node that was done before keeps the new table.
        try {
          await onEveryHost(ctx.broker, name, "built", { requestId: build.id });
          return { cancelled: null };
        } catch (error) {
          if ((error as { type?: unknown }).type !== "REBUILD_FAILED") throw error;
          // Ends the request only now: a node that was done first stays paused, or resumed, as requested.
          await host().change({ endBuild: end });
          return { cancelled: build.id };
        }
      },
    },
  });
}

/** The actions that hosts call on each other. */
export const rebuildInnerActions = (
  host: () => Pick<Host, "running" | "built">,
): NonNullable<ServiceSchema["actions"]> => ({
  building: { handler: () => host().running() },
  built: {
    params: { requestId: "string" },
    handler: (ctx: Context<{ requestId: string }>) => host().built(ctx.params.requestId),
  },
});

export const jobOf = ({ id, kind, snapshot }: Pick<RebuildRequest, "id" | "kind" | "snapshot">): Job => ({
  requestId: id,
  kind,
  ...(snapshot && { snapshotId: snapshot.id }),
});
