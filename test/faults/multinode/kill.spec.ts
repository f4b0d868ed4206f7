import { randomInt } from "../../support/chance.ts";
import type { ServiceBroker } from "moleculer";
import { commands, entriesHost, plainEntries, readEntries, readLog } from "../../support/accounts.ts";
import { caughtUp, cleanUp, eventually, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { Appenders, checkLog } from "./appenders.ts";
import { ChildNode, killChildNodes } from "./child-node.ts";
import { Cluster } from "./cluster.ts";
import { times } from "../../support/times.ts";

afterEach(async () => {
  await killChildNodes();
  await cleanUp();
});

const aMoment = (mostMs: number) => new Promise((resolve) => setTimeout(resolve, randomInt(1, mostMs)));

const positionOf = async (broker: ServiceBroker) => {
  const { position }: { position: number } = await broker.call("entries.status", {}, { timeout: 1000 });
  return position;
};

describeWith("nats-server", "A cluster", (server) => {
  /** The store and the table in other processes, the appending node in this one. */
  async function nodes(heartbeatTimeout?: number) {
    const cluster = new Cluster(server());
    const { namespace } = cluster;
    const { url } = server();
    const store = new ChildNode({ url, namespace, nodeID: "A", folder: newFolder(), role: "store", heartbeatTimeout });
    const table = new ChildNode({ url, namespace, nodeID: "C", folder: newFolder(), role: "table", heartbeatTimeout });
    const [b] = await Promise.all([
      cluster.node("B", [commands()], heartbeatTimeout ? { heartbeatInterval: 1, heartbeatTimeout } : {}),
      store.start(),
      table.start(),
    ]);
    await Promise.all([cluster.knows("events", "A"), cluster.knows("entries", "C")]);
    return { cluster, b, store, table };
  }

  async function checkEverything(b: ServiceBroker, appenders: Appenders): Promise<void> {
    await appenders.stop();
    await caughtUp(b, "entries");
    const log = await readLog(b);
    checkLog(log, appenders);
    expect(await readEntries(b, "C")).toEqual(plainEntries(log));
  }

  it(`loses no acknowledged event, and folds each once, when the store's node is killed with SIGKILL ${times(20)} times`, async () => {
    const { b, store } = await nodes();
    const appenders = new Appenders(b, 4);
    for (let run = 0; run < times(20); run++) {
      const [before, folded] = [appenders.acknowledged.size, await eventually(() => positionOf(b))];
      // Both continue after the last kill; otherwise it would prove nothing.
      await eventually(async () => {
        expect(appenders.acknowledged.size).toBeGreaterThan(before);
        expect(await positionOf(b)).toBeGreaterThan(folded);
      });
      await aMoment(200);
      await store.kill();
      await store.start();
    }
    await checkEverything(b, appenders);
    expect(appenders.repeated).toBeGreaterThan(0);
  });

  it(`folds each event once when the folding node is killed with SIGKILL ${times(6)} times`, async () => {
    const { b, table } = await nodes();
    const appenders = new Appenders(b, 4);
    for (let run = 0; run < times(6); run++) {
      const before = await eventually(() => positionOf(b));
      await eventually(async () => expect(await positionOf(b)).toBeGreaterThan(before));
      await aMoment(200);
      await table.kill();
      await table.start();
    }
    await checkEverything(b, appenders);
  });

  it("goes on when the store's node was frozen for so long that the others missed it", async () => {
    const { cluster, b, store } = await nodes(2);
    const appenders = new Appenders(b, 4);
    await eventually(async () => expect(await positionOf(b)).toBeGreaterThan(0));
    store.freeze();
    await cluster.knows("events");
    await eventually(async () =>
      expect(await b.call("entries.status")).toMatchObject({
        state: "waiting",
        lag: null,
        cause: expect.stringContaining("events"),
      }),
    );
    const before = appenders.acknowledged.size;
    store.thaw();
    await cluster.knows("events", "A");
    await eventually(() => expect(appenders.acknowledged.size).toBeGreaterThan(before));
    await checkEverything(b, appenders);
  });

  it("goes on when the folding node was frozen for so long that the others missed it", async () => {
    const { cluster, b, table } = await nodes(2);
    const appenders = new Appenders(b, 4);
    await eventually(async () => expect(await positionOf(b)).toBeGreaterThan(0));
    table.freeze();
    await cluster.knows("entries");
    const before = appenders.acknowledged.size;
    await eventually(() => expect(appenders.acknowledged.size).toBeGreaterThan(before));
    table.thaw();
    await cluster.knows("entries", "C");
    await checkEverything(b, appenders);
  });

  it("is paused although a node that is waited for is killed and comes back meanwhile", async () => {
    const { cluster, b, table } = await nodes();
    const d = await cluster.node("D", [entriesHost(newFolder())]);
    await cluster.knows("entries", "C", "D");
    await b.call("accounts.move", { account: "a1", amount: 1 });
    // A transform of D that was sent to C would wait for it.
    for (const nodeID of ["C", "D"])
      await eventually(async () =>
        expect(await b.call("entries.status", {}, { nodeID })).toMatchObject({ position: 1, lag: 0 }),
      );
    table.freeze();
    const pause = d.call("entries.pause", {}, { nodeID: "D" });
    await eventually(async () =>
      expect(await b.call("entries.status", {}, { nodeID: "D" })).toMatchObject({ state: "paused" }),
    );
    await table.kill();
    await table.start();
    await pause;
    await b.call("accounts.move", { account: "a1", amount: 1 });
    await eventually(async () =>
      expect(await b.call("entries.status", {}, { nodeID: "C", timeout: 1000 })).toMatchObject({
        state: "paused",
        position: 1,
        head: 2,
      }),
    );
  });
});
