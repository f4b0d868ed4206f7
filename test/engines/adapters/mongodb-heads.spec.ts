import { randomUUID } from "node:crypto";
import { MongoRowStore } from "../../../adapters/mongodb/row-store.ts";
import { setTimes, times } from "../../../core/concurrency/times.ts";
import { describeWith } from "../../support/engines.ts";

describeWith("mongodb", "The documents about a table in MongoDB", (server) => {
  const opened: MongoRowStore[] = [];

  /** Several stores of one table, each with a connection of its own. */
  async function openStores(count: number): Promise<MongoRowStore[]> {
    const target = { url: server().url, database: "heads", name: randomUUID(), driver: {} };
    const stores = Array.from({ length: count }, () => new MongoRowStore(target.url, target));
    for (const store of stores) await store.open();
    opened.push(...stores);
    return stores;
  }

  afterEach(async () => {
    for (const store of opened.splice(0)) await store.close();
  });

  it("lose no change of several hosts", async () => {
    const stores = await openStores(4);
    await stores[0]!.heads.add({ _id: "count", kind: "count", value: 0 });
    const increment = async ({ heads }: MongoRowStore): Promise<void> => {
      for (;;) {
        const value = (await heads.get("count"))!["value"] as number;
        if (await heads.change("count", { value }, { value: value + 1 })) return;
      }
    };
    for (let round = 0; round < 20; round++) await Promise.all(stores.map(increment));
    expect(await stores[0]!.heads.get("count")).toMatchObject({ value: 80 });
    expect(await stores[0]!.heads.list("lock")).toEqual([]);
  });

  it("are changed even if a host has died in the middle of a change", async () => {
    const { lockMs } = times.mongodb;
    setTimes({ mongodb: { lockMs: 200 } });
    try {
      const [{ heads }] = (await openStores(1)) as [MongoRowStore];
      await heads.add({ _id: "count", kind: "count", value: 0 });
      await heads.add({ _id: "lock count", kind: "lock", token: "of the dead host" });
      expect(await heads.change("count", { value: 0 }, { value: 1 })).toBe(true);
      expect(await heads.get("count")).toMatchObject({ value: 1 });
    } finally {
      setTimes({ mongodb: { lockMs } });
    }
  });
});
