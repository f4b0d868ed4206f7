import { book, commands, entriesHost, keeper, plainEntries, readEntries, readLog } from "../../support/accounts.ts";
import { caughtUp, cleanUp, eventually, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { Appenders, checkLog } from "./appenders.ts";
import { Cluster } from "./cluster.ts";

afterEach(cleanUp);

describeWith("nats-server", "The nats-server that carries the messages", (server) => {
  it("may be killed and restarted while appends and folds run: they go on, and nothing acknowledged is lost", async () => {
    const cluster = new Cluster(server());
    await cluster.node("A", [keeper(newFolder())]);
    const b = await cluster.node("B", [commands()]);
    // Only its time-out shows that a transform's call was lost.
    const c = await cluster.node("C", [entriesHost(newFolder(), { onError: { timeoutMs: 2000 } })]);
    const d = await cluster.node("D", [book()]);
    await Promise.all([cluster.knows("events", "A"), cluster.knows("book", "D"), cluster.knows("entries", "C")]);
    const appenders = new Appenders(b, 4);
    const positionOf = async () => (await c.call<{ position: number }>("entries.status")).position;
    for (let run = 0; run < 3; run++) {
      const [before, folded] = [appenders.acknowledged.size, await positionOf()];
      await eventually(async () => {
        expect(appenders.acknowledged.size).toBeGreaterThan(before + 20);
        expect(await positionOf()).toBeGreaterThan(folded);
      });
      await server().kill();
      await server().start();
    }
    await appenders.stop();
    await caughtUp(b, "entries");
    const log = await readLog(d);
    checkLog(log, appenders);
    expect(await readEntries(b, "C")).toEqual(plainEntries(log));
  });
});
