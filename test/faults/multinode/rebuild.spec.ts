import type { ServiceBroker } from "moleculer";
import type { AggregateStatus, Manifest } from "moleculer-event-sourcing";
import type { ConsumerPage } from "../../../mixins/consumer/consumer-page.ts";
import {
  book,
  commands,
  entriesHost,
  keeper,
  moveOften,
  plainEntries,
  readEntries,
  readLog,
} from "../../support/accounts.ts";
import { cleanUp, eventually, newFolder, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { Cluster } from "./cluster.ts";
import { spoken } from "../../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const eventuallyIs = (broker: ServiceBroker, nodeID: string, expected: Partial<AggregateStatus>) =>
  eventually(async () => expect(await broker.call("entries.status", {}, { nodeID })).toMatchObject(expected));

describeWith("nats-server", "A table that two nodes rebuild", (server) => {
  /** Store, commands and transform on A, the table on C and D; `runs` counts the transforms by the folding node. */
  async function nodes(hook: (node: string, position: number) => unknown = () => {}) {
    const cluster = new Cluster(server());
    const runs = new Map<string, number>();
    const host = (nodeID: string, folder = newFolder()) => cluster.node(nodeID, [entriesHost(folder)]);
    const transform = book(({ meta, params }) => {
      const { node } = (meta as { $fold: { node: string } }).$fold;
      runs.set(node, (runs.get(node) ?? 0) + 1);
      return hook(node, params.position);
    });
    const a = await cluster.node("A", [keeper(newFolder()), commands(), transform]);
    const folderOfD = newFolder();
    const [c, d] = [await host("C"), await host("D", folderOfD)];
    await cluster.knows("entries", "C", "D");
    await moveOften(a, 10);
    for (const node of ["C", "D"]) await eventuallyIs(a, node, { state: "live", position: 10 });
    return { cluster, a, c, d, host, runs, folderOfD };
  }

  it("is rebuilt on both, each with its own view, and resolves when both have switched", async () => {
    const hold = Promise.withResolvers<void>();
    const state = { isHeld: false };
    const { a, c, runs } = await nodes((node) => (node === "D" && state.isHeld ? hold.promise : undefined));
    expect(Object.fromEntries(runs)).toEqual({ C: 10, D: 10 });
    state.isHeld = true;
    let isAnswered = false;
    const rebuilt = c.call("entries.rebuild").finally(() => (isAnswered = true));
    await eventually(() => expect(runs.get("C")).toBe(20));
    await eventuallyIs(a, "C", { rebuilding: null });
    await eventuallyIs(a, "D", { rebuilding: expect.any(Object) as AggregateStatus["rebuilding"] });
    expect(await refusal(() => c.call("entries.rebuild"))).toMatchObject({ type: "REBUILD_RUNNING" });
    expect(await readEntries(a, "D")).toHaveLength(10);
    expect(isAnswered).toBe(false);
    hold.resolve();
    expect(await rebuilt).toMatchObject({ kind: "rebuild", position: 10 });
    const plain = plainEntries(await readLog(a));
    for (const node of ["C", "D"]) expect(await readEntries(a, node)).toEqual(plain);
    expect(Object.fromEntries(runs)).toEqual({ C: 20, D: 20 });
  });

  it("is rebuilt by a node that was away, and folded only once by a new one", async () => {
    const { cluster, a, d, host, runs, folderOfD } = await nodes();
    await d.stop();
    await cluster.knows("entries", "C");
    await a.call("entries.rebuild");
    expect(Object.fromEntries(runs)).toEqual({ C: 20, D: 10 });
    await moveOften(a, 2);
    await host("D", folderOfD);
    await host("E");
    await cluster.knows("entries", "C", "D", "E");
    const plain = plainEntries(await readLog(a));
    for (const node of ["C", "D", "E"]) {
      await eventuallyIs(a, node, { state: "live", position: 12, rebuilding: null });
      expect(await readEntries(a, node)).toEqual(plain);
    }
    await eventually(() => expect(runs.get("D")).toBeGreaterThanOrEqual(22));
    for (const node of ["D", "E"]) await eventuallyIs(a, node, { rebuilding: null, state: "live" });
    expect(runs.get("C")).toBe(22);
    // A new node may call services that are not discovered everywhere yet, and retries; it never folds the log twice.
    expect(runs.get("E")).toBeLessThan(24);
  });

  it("goes back on both: the one takes its snapshot, the other folds the log up to there", async () => {
    const { a, c, d, runs } = await nodes();
    const { id: snapshotId }: Manifest = await c.call("entries.snapshot");
    await moveOften(a, 4);
    const plain = plainEntries(await readLog(a));
    expect(plain).toHaveLength(14);
    for (const node of ["C", "D"]) await eventuallyIs(a, node, { state: "live", position: 16 });
    expect(Object.fromEntries(runs)).toEqual({ C: 14, D: 14 });
    expect(await refusal(() => d.call("entries.restore", { snapshotId: "nonsense" }))).toMatchObject({
      type: "UNKNOWN_SNAPSHOT",
      code: 404,
    });
    expect(await d.call("entries.restore", { snapshotId })).toMatchObject({ kind: "restore", position: 10 });
    for (const node of ["C", "D"]) {
      await eventuallyIs(a, node, { state: "paused", position: 10, rebuilding: null });
      expect(await readEntries(a, node)).toEqual(plain.slice(0, 10));
    }
    expect(Object.fromEntries(runs)).toEqual({ C: 14, D: 24 });
    await c.call("entries.resume");
    for (const node of ["C", "D"]) {
      await eventuallyIs(a, node, { state: "live", position: 16 });
      expect(await readEntries(a, node)).toEqual(plain);
    }
    expect(await d.call("entries.replay", { snapshotId })).toMatchObject({ kind: "replay", position: 16 });
    for (const node of ["C", "D"]) expect(await readEntries(a, node)).toEqual(plain);
    expect(Object.fromEntries(runs)).toEqual({ C: 22, D: 42 });
  });

  it("keeps its generation if a rebuild is cancelled that only one node has completed", async () => {
    const hold = Promise.withResolvers<void>();
    const state = { isHeld: false };
    const { a, c, d, runs } = await nodes((node) => (node === "D" && state.isHeld ? hold.promise : undefined));
    const { id: snapshotId }: Manifest = await c.call("entries.snapshot");
    state.isHeld = true;
    const restored = refusal(() => d.call("entries.restore", { snapshotId }));
    await eventually(() => expect(runs.get("D")).toBe(11));
    await eventuallyIs(a, "C", { state: "paused", position: 10, rebuilding: null });
    const cancelled = c.call("entries.cancel");
    // Released when the request has ended, not when it is complete.
    const asked = { consumer: "table/entries", after: 0, limit: 0, types: [] };
    await eventually(async () => {
      const { control }: ConsumerPage = await a.call("$events.page", asked, spoken);
      expect(control.build).toMatchObject({ ended: "it was cancelled" });
    });
    hold.resolve();
    expect(await cancelled).toEqual({ cancelled: expect.any(String) });
    expect(await restored).toMatchObject({ type: "REBUILD_FAILED", code: 409 });
    await moveOften(a, 2);
    const plain = plainEntries(await readLog(a));
    for (const node of ["C", "D"]) {
      await eventuallyIs(a, node, { state: "live", position: 14, rebuilding: null });
      expect(await readEntries(a, node)).toEqual(plain);
    }
  });
});
