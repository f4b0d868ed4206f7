import type { AggregateStatus } from "moleculer-event-sourcing";
import { cleanUp, eventually, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
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
import { Cluster } from "./cluster.ts";

afterEach(cleanUp);

describeWith("nats-server", "The store's node that goes away", (server) => {
  it("is waited for by a table elsewhere, which answers meanwhile and catches up by itself when it is back", async () => {
    const cluster = new Cluster(server());
    const folder = newFolder();
    const first = await cluster.node("A", [keeper(folder)]);
    const b = await cluster.node("B", [commands()]);
    const c = await cluster.node("C", [entriesHost(newFolder()), book()]);
    await Promise.all([cluster.knows("events", "A"), cluster.knows("entries", "C")]);
    const status = (): Promise<AggregateStatus> => b.call("entries.status");
    await moveOften(b, 50);
    await eventually(async () =>
      expect(await status()).toMatchObject({ state: "live", position: 50, head: 50, lag: 0 }),
    );

    await first.stop();
    await eventually(async () => {
      const { cause, ...rest } = await status();
      expect(rest).toMatchObject({ state: "waiting", position: 50, head: null, lag: null, parked: 0 });
      expect(cause).toContain("events");
    });
    expect(await readEntries(b, "C")).toHaveLength(50);
    expect(await b.call("entries.count")).toBe(50);

    // At once, possibly before other nodes have discovered it.
    const again = await cluster.node("A", [keeper(folder), { ...commands(), name: "ownAccounts" }]);
    for (let amount = 0; amount < 20; amount++) await again.call("ownAccounts.move", { account: "a1", amount });
    await eventually(async () =>
      expect(await status()).toMatchObject({ state: "live", position: 70, lag: 0, cause: null }),
    );
    await c.waitForServices("accounts");
    await eventually(() => moveOften(b, 10));
    await eventually(async () => expect(await status()).toMatchObject({ lag: 0 }));
    expect(await readEntries(b, "C")).toEqual(plainEntries(await readLog(b)));
  });
});
