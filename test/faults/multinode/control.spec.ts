import type { ServiceBroker } from "moleculer";
import type { AggregateStatus, ParkedEvent } from "moleculer-event-sourcing";
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
import { cleanUp, eventually, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { Cluster } from "./cluster.ts";
import { eventsIn } from "../../support/pages.ts";

afterEach(cleanUp);

const statusOf = (broker: ServiceBroker, nodeID: string): Promise<AggregateStatus> =>
  broker.call("entries.status", {}, { nodeID });

const eventuallyIs = (broker: ServiceBroker, nodeID: string, expected: Partial<AggregateStatus>) =>
  eventually(async () => expect(await statusOf(broker, nodeID)).toMatchObject({ node: nodeID, ...expected }));

const idsOf = async (broker: ServiceBroker, nodeID: string) => (await readEntries(broker, nodeID)).map(({ id }) => id);

const foldingNode = (meta: object) => (meta as { $fold: { node: string } }).$fold.node;

/** Many times as long as a call to both nodes takes: enough for a response that must not come. */
async function turns(broker: ServiceBroker): Promise<void> {
  for (let turn = 0; turn < 100; turn++) await statusOf(broker, "D");
}

describeWith("nats-server", "A table that two nodes host, each with a copy", (server) => {
  /** The store and commands on A, the table on C and D, its transform on both; with `hook`, on A. */
  async function nodes(hook: Parameters<typeof book>[0] = () => {}) {
    const cluster = new Cluster(server());
    const onError = { retries: 0, delayMs: 1 };
    const host = (nodeID: string, folder = newFolder()) => cluster.node(nodeID, [entriesHost(folder, { onError })]);
    const a = await cluster.node("A", [keeper(newFolder()), commands(), book(hook)]);
    const [c, d] = [await host("C"), await host("D")];
    await cluster.knows("entries", "C", "D");
    return { cluster, a, c, d, host };
  }

  it.each(["C", "D"])(
    "is paused when nothing is in flight on either, asked on %s; a node that comes later is paused too; any node resumes all",
    async (asked) => {
      const [held, hold] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
      const { cluster, a, host } = await nodes(async ({ meta, params }) => {
        if (foldingNode(meta) !== "D" || params.position !== 3) return;
        held.resolve();
        await hold.promise;
      });
      await moveOften(a, 5);
      await eventuallyIs(a, "C", { state: "live", position: 5 });
      await held.promise;

      let isAnswered = false;
      const pause = a.call("entries.pause", {}, { nodeID: asked }).then(() => (isAnswered = true));
      await eventuallyIs(a, "C", { state: "paused" });
      await turns(a);
      expect(isAnswered).toBe(false);
      expect(await statusOf(a, "D")).toMatchObject({ state: expect.not.stringContaining("paused"), paused: true });
      hold.resolve();
      await pause;
      const { position } = await statusOf(a, "D");
      await moveOften(a, 5);
      await host("E");
      await cluster.knows("entries", "C", "D", "E");
      await eventuallyIs(a, "E", { state: "paused", position: 0, head: 10 });
      for (const [node, at] of [
        ["C", 5],
        ["D", position],
        ["E", 0],
      ] as const)
        expect(await statusOf(a, node)).toMatchObject({ state: "paused", paused: true, position: at });

      await a.call("entries.resume", {}, { nodeID: "E" });
      const plain = plainEntries(await readLog(a));
      for (const node of ["C", "D", "E"]) {
        await eventuallyIs(a, node, { state: "live", paused: false, position: 10, lag: 0 });
        expect(await readEntries(a, node)).toEqual(plain);
      }
    },
  );

  it("is retried on both after a repair, asked on either, and the answer comes when both have done so", async () => {
    let isBroken = true;
    const hold = Promise.withResolvers<void>();
    const { a } = await nodes(async ({ meta, params: { payload } }) => {
      if (payload.account !== "a1") return;
      if (isBroken) throw new Error("poison");
      if (foldingNode(meta) === "C") await hold.promise;
    });
    await moveOften(a, 20);
    for (const node of ["C", "D"]) await eventuallyIs(a, node, { position: 20, parked: 4, state: "live" });
    isBroken = false;
    let isAnswered = false;
    const retry = a.call("entries.retry", {}, { nodeID: "D" }).finally(() => (isAnswered = true));
    await eventuallyIs(a, "D", { parked: 0 });
    await turns(a);
    expect(isAnswered).toBe(false);
    hold.resolve();
    expect(await retry).toEqual({ folded: 4, parked: 0 });
    for (const node of ["C", "D"]) {
      expect(await statusOf(a, node)).toMatchObject({ parked: 0, reordered: true, lag: 0 });
      const ids = (await readLog(a)).map(({ position }) => String(position));
      expect((await idsOf(a, node)).toSorted()).toEqual(ids.toSorted());
    }
    isBroken = true;
    await moveOften(a, 10);
    for (const node of ["C", "D"]) await eventuallyIs(a, node, { position: 30, parked: 2, state: "live" });
    isBroken = false;
    const [parkedAtC] = await eventsIn<ParkedEvent>(a.call("entries.parked", {}, { nodeID: "C" }));
    const { id } = parkedAtC!;
    expect(await a.call("entries.retry", { id }, { nodeID: "C" })).toEqual({ folded: 2, parked: 0 });
    for (const node of ["C", "D"]) expect(await idsOf(a, node)).toHaveLength(30);
  });

  it("gives up a skipped event on both, and on a node that folds from the beginning later", async () => {
    const { cluster, a, c, host } = await nodes(({ params: { payload } }) => {
      if (payload.amount === 6) throw new Error("poison");
    });
    await moveOften(a, 20);
    for (const node of ["C", "D"]) await eventuallyIs(a, node, { position: 20, parked: 3, state: "live" });
    const parked: ParkedEvent[] = await eventsIn(a.call("entries.parked", {}, { nodeID: "C" }));
    const { id, position } = parked[0]!;
    expect(await a.call("entries.skip", { id, reason: "poison" }, { nodeID: "D" })).toEqual({
      skipped: id,
      folded: 2,
      parked: 0,
    });
    const left = (await readLog(a))
      .filter((event) => event.position !== position)
      .map((event) => String(event.position));
    expect(left).toHaveLength(19);
    for (const node of ["C", "D"]) {
      expect(await statusOf(a, node)).toMatchObject({ parked: 0, lag: 0 });
      expect((await idsOf(a, node)).toSorted()).toEqual(left.toSorted());
    }
    await host("E");
    await cluster.knows("entries", "C", "D", "E");
    await eventuallyIs(c, "E", { position: 20, parked: 0, state: "live", reordered: false });
    expect(await idsOf(a, "E")).toEqual(left);
  });
});
