import { cpSync, rmSync } from "node:fs";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { firstOf } from "../../mixins/consumer/placement.ts";
import { leaseEvent } from "../../mixins/service/internal-events.ts";
import type { LogLines } from "./log-lines.ts";
import { appendTo, parkedPositions, statusOf, Watched, watchService, withStatus } from "./watch.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

const { lease, poll } = structuredClone(times);

afterEach(async () => {
  setTimes({ lease, poll });
  await cleanUp();
});

let networks = 0;

/** Creates the nodes of a new network. */
function newNetwork(): (nodeID: string, service: ServiceSchema, logger?: LogLines) => Promise<ServiceBroker> {
  const namespace = `subscription-${process.pid}-${++networks}`;
  return (nodeID, service, logger) =>
    startBroker([service], { nodeID, namespace, transporter: "Fake", ...(logger && { logger }) });
}

const storeNode = (folder: string) => watchService({ folder, watched: new Watched(), hostsWatch: false });
const watchNode = (watched: Watched) => watchService({ folder: "", watched, hostsStore: false });

/** A store, a holder and a standby. */
async function trio(onHolder = new Watched(), onStandby = new Watched()) {
  const folder = newFolder();
  const start = newNetwork();
  const store = await start("store", storeNode(folder));
  const holder = await start("holder", watchNode(onHolder));
  await withStatus(holder, { state: "live" });
  const standby = await start("standby", watchNode(onStandby));
  await withStatus(standby, { state: "standby" });
  // With an explicit node, since a broker may balance otherwise.
  const onNode = (nodeID: string, action: string, params = {}) => standby.call(`watch.${action}`, params, { nodeID });
  return { folder, start, store, holder, standby, onNode };
}

describe("A subscription on two nodes of one network", () => {
  it("handles on one; the other is on standby, knows position and parked, and takes over when the first stops", async () => {
    // No lease lapses and nothing is polled during this test: every takeover follows a release and its notification.
    setTimes({ lease: { lastsMs: 60_000 }, poll: { everyMs: 600_000 } });
    const [first, second] = [new Watched().poison(2), new Watched()];
    const { store, holder, standby } = await trio(first, second);
    await appendTo(store, "a", "b", "a");
    await caughtUp(holder, "watch");
    await withStatus(standby, { node: "standby", state: "standby", position: 3, head: 3, lag: 0, parked: 1 });
    expect(await parkedPositions(standby)).toEqual([2]);
    expect((await statusOf(standby)).cause).toMatch(
      /^waits for the lease of node holder, unchanged for [\d.]+ s of 60 s$/,
    );
    await holder.stop();
    await eventually(
      async () => expect(await statusOf(standby)).toMatchObject({ state: "live", parked: 1, cause: null }),
      20_000,
    );
    await appendTo(store, "a", "b");
    await caughtUp(standby, "watch");
    expect(first.seen).toEqual([1, 2, 2, 3]);
    expect(second.seen).toEqual([4]);
    expect(await standby.call("watch.retry")).toEqual({ folded: 2, parked: 0 });
    expect(second.seen).toEqual([4, 2, 5]);
  });

  it("is handed over to a node that has come and is its first one, once, and each event is handled once", async () => {
    setTimes({ lease: { lastsMs: 60_000, settleMs: 200 } });
    const first = firstOf("subscription/watch", ["n1", "n2"])!;
    const start = newNetwork();
    const released: unknown[] = [];
    const looks = { [leaseEvent("events")]: ({ params }: Context<{ to?: string }>) => void released.push(params.to) };
    const store = await start("store", { ...storeNode(newFolder()), events: looks });
    const [before, after] = [new Watched(), new Watched()];
    const holder = await start(first === "n1" ? "n2" : "n1", watchNode(before));
    await withStatus(holder, { state: "live" });
    await appendTo(store, "a", "b");
    await caughtUp(holder, "watch");
    const next = await start(first, watchNode(after));
    await withStatus(next, { state: "live", position: 2 });
    await appendTo(store, "a", "b", "c");
    await caughtUp(next, "watch");
    await withStatus(holder, { state: "standby", cause: expect.stringContaining(`node ${first},`) });
    expect([before.seen, after.seen]).toEqual([
      [1, 2],
      [3, 4, 5],
    ]);
    expect(released).toEqual([first]);
  });

  it("is controlled from the standby as from the holder", async () => {
    const first = new Watched().poison(1).poison(2);
    const { store, holder, onNode } = await trio(first);
    const ids = await appendTo(store, "a", "b", "a");
    await caughtUp(holder, "watch");
    expect(await refusal(() => onNode("standby", "retry", { id: "no-such-id" }))).toMatchObject({
      type: "UNKNOWN_PARKED_EVENT",
    });
    first.mend(2);
    expect(await onNode("standby", "retry")).toEqual({ folded: 1, parked: 1 });
    expect(await onNode("standby", "skip", { id: ids[0] })).toEqual({ skipped: ids[0], folded: 1, parked: 0 });
    await onNode("standby", "pause");
    expect(await statusOf(holder)).toMatchObject({ state: "paused", paused: true });
    await appendTo(store, "c");
    expect(first.seen).toEqual([1, 1, 2, 2, 1, 2, 3]);
    await onNode("standby", "resume");
    await caughtUp(holder, "watch");
    expect(first.seen.at(-1)).toBe(4);
  });

  it("does not repeat an order to retry when another node takes over", async () => {
    const [first, second] = [new Watched().poison(1), new Watched()];
    const { store, holder, standby } = await trio(first, second);
    await appendTo(store, "a");
    await caughtUp(holder, "watch");
    expect(await holder.call("watch.retry")).toEqual({ folded: 0, parked: 1 });
    await withStatus(standby, { state: "standby", parked: 1 });
    await holder.stop();
    await withStatus(standby, { state: "live" });
    await appendTo(store, "b");
    await caughtUp(standby, "watch");
    expect(second.seen).toEqual([2]);
    expect(await parkedPositions(standby)).toEqual([1]);
  });

  it("refuses a retry while no node does the work", async () => {
    const start = newNetwork();
    const store = await start("store", storeNode(newFolder()));
    // The lease of a dead node has not lapsed yet.
    await store.call("$events.takeLease", { consumer: "subscription/watch", holder: "dead", ttlMs: 60_000 }, spoken);
    const standby = await start("standby", watchNode(new Watched()));
    await withStatus(standby, { state: "standby" });
    expect(await refusal(() => standby.call("watch.retry"))).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503 });
  });

  it("waits with a cause while the store's node is away, and goes on when it is back", async () => {
    const first = new Watched();
    const { folder, start, store, holder } = await trio(first);
    await appendTo(store, "a");
    await caughtUp(holder, "watch");
    await store.stop();
    const { cause } = await withStatus(holder, { state: "waiting", head: null, lag: null });
    expect(cause).toContain("events: ");
    const again = await start("store-2", storeNode(folder));
    await appendTo(again, "a");
    await eventually(() => expect(first.seen).toEqual([1, 2]));
  });
});

describe("A subscription whose log is not the one that it has worked on", () => {
  it.each([
    ["swapped", "the checkpoint is one of another log"],
    ["set back", "the log ends at position 1, before the checkpoint 3"],
  ])(
    "is stopped with a cause when it was %s, and goes on from that log's own checkpoint after a restart",
    async (how, why) => {
      const watched = new Watched();
      const start = newNetwork();
      const folder = newFolder();
      const backup = newFolder();
      const store = await start("store", storeNode(folder));
      const node = await start("node", watchNode(watched));
      await appendTo(store, "a");
      await caughtUp(node, "watch");
      await store.stop();
      cpSync(folder, backup, { recursive: true });
      const grown = await start("store-2", storeNode(folder));
      await appendTo(grown, "b", "c");
      await eventually(() => expect(watched.seen).toEqual([1, 2, 3]));
      await withStatus(node, { state: "live", position: 3 });
      await grown.stop();
      if (how === "swapped") rmSync(backup, { recursive: true });
      const other = await start("store-3", storeNode(how === "swapped" ? newFolder() : backup));
      const { cause } = await withStatus(node, { state: "stopped" });
      expect(cause).toContain(why);
      expect(cause).toContain("or restart this node to go on from the checkpoint");
      expect(cause).not.toContain("table");
      await node.stop();
      const fresh = await start("node-2", watchNode(watched));
      await appendTo(other, "d");
      await eventually(() => expect(watched.seen).toEqual([1, 2, 3, how === "swapped" ? 1 : 2]));
      await withStatus(fresh, { state: "live", lag: 0 });
    },
  );
});
