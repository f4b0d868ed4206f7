import { randomInt } from "node:crypto";
import type { ServiceBroker } from "moleculer";
import { commands, plainEntries, readEntries, readLog } from "../support/accounts.ts";
import { caughtUp, cleanUp, eventually, newFolder } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { Appenders } from "./appenders.ts";
import { ChildNode, killChildNodes } from "./child-node.ts";
import { Cluster } from "./cluster.ts";

afterEach(async () => {
  await killChildNodes();
  await cleanUp();
});

const aMoment = (mostMs: number) => new Promise((resolve) => setTimeout(resolve, randomInt(1, mostMs)));

const positionOf = async (broker: ServiceBroker) => {
  const { position }: { position: number } = await broker.call("entries.status", {}, { timeout: 1000 });
  return position;
};

describeWith("nats-server", "A cluster whose nodes are killed with SIGKILL", (server) => {
  /** The store and the table in processes of their own, the appending node in this one. */
  async function nodes() {
    const cluster = new Cluster(server());
    const { namespace } = cluster;
    const { url } = server();
    const store = new ChildNode({ url, namespace, nodeID: "A", folder: newFolder(), role: "store" });
    const table = new ChildNode({ url, namespace, nodeID: "C", folder: newFolder(), role: "table" });
    const [b] = await Promise.all([cluster.node("B", [commands()]), store.start(), table.start()]);
    await Promise.all([cluster.knows("events", "A"), cluster.knows("entries", "C")]);
    return { b, store, table };
  }

  async function checkEverything(b: ServiceBroker, appenders: Appenders): Promise<void> {
    await appenders.stop();
    await caughtUp(b, "entries");
    const log = await readLog(b);
    appenders.check(log);
    expect(await readEntries(b, "C")).toEqual(plainEntries(log));
  }

  it("loses no acknowledged event, and folds each once, when it is the store's node, 20 times", async () => {
    const { b, store } = await nodes();
    const appenders = new Appenders(b, 4);
    for (let run = 0; run < 20; run++) {
      const [before, folded] = [appenders.acknowledged.size, await eventually(() => positionOf(b))];
      // Both go on after the last kill, else this one would prove nothing.
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
  }, 120_000);

  it("folds each event once when it is the folding node, 6 times", async () => {
    const { b, table } = await nodes();
    const appenders = new Appenders(b, 4);
    for (let run = 0; run < 6; run++) {
      const before = await eventually(() => positionOf(b));
      await eventually(async () => expect(await positionOf(b)).toBeGreaterThan(before));
      await aMoment(200);
      await table.kill();
      await table.start();
    }
    await checkEverything(b, appenders);
  }, 60_000);
});
