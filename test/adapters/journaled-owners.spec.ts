import { JournaledReadTable } from "../../adapters/parts/journaled-table/read-table.ts";
import type { RowStore } from "../../adapters/parts/journaled-table/row-store.ts";
import { sharedStore } from "../contract/nedb-port.ts";
import { countedFields, foldBatch, rowsIn, type CountChange } from "../support/counted-rows.ts";
import { stepping } from "../support/stepping-store.ts";
import { refusal } from "../support/broker.ts";

const refused = { type: "STORE_UNAVAILABLE" };
const one: CountChange[] = [{ id: "a", does: "add" }];

/** A place for a table that several hosts open, and its store as one of them sees it. */
async function newPlace() {
  const place = sharedStore();
  const store = place();
  await store.open();
  return { place, store };
}

/** A host that folds. */
async function hostOf(store: RowStore, owner: string): Promise<JournaledReadTable> {
  const table = new JournaledReadTable(store, "table");
  await table.open(countedFields, undefined, { owner });
  await table.takeOver();
  await table.refresh();
  await table.live().progress();
  return table;
}

async function built(table: JournaledReadTable) {
  const next = await table.build(countedFields);
  await foldBatch(next, one, 1);
  return next;
}

const switched = async (table: JournaledReadTable) => table.switchTo(await built(table));
const ownersOf = async (table: JournaledReadTable) => (await table.lives()).map(({ owner }) => owner);
const generationsIn = async (store: RowStore) =>
  (await store.heads.list("generation")).map(({ number }) => number as number).toSorted((a, b) => a - b);
const ownersIn = async (store: RowStore) =>
  JSON.parse((await store.heads.get("pointer"))!["owners"] as string) as { owner: string; touched: number }[];

/** A store whose host is paused before the first write with this name after `arm` was called. */
function pausing(store: RowStore, before: string) {
  const [reached, go] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  let isArmed = false;
  const paused = stepping(store, async (what) => {
    if (!isArmed || what !== before) return;
    isArmed = false;
    reached.resolve();
    await go.promise;
  });
  return { store: paused, arm: () => (isArmed = true), reached: reached.promise, go: go.resolve };
}

describe("The number of a journaled generation", () => {
  it("is not given again after the generation was dropped, not even to a host that had read it before", async () => {
    const { place, store } = await newPlace();
    const slow = pausing(place(), "add generation");
    const [a, b] = [await hostOf(slow.store, "a"), await hostOf(place(), "b")];
    slow.arm();
    const building = a.build(countedFields);
    await slow.reached;
    const dropped = await b.build(countedFields);
    await b.drop(dropped);
    slow.go();
    const { number } = await building;
    expect(number).toBeGreaterThan(dropped.number);
    expect(await generationsIn(store)).toEqual([a.live().number, number]);
  });
});

describe("An owner of a journaled table", () => {
  it("that is dropped can make none of its generations live, even if it takes over before they are removed", async () => {
    const { place, store } = await newPlace();
    const slow = pausing(place(), "change epoch");
    const [a, b] = [await hostOf(place(), "a"), await hostOf(slow.store, "b")];
    await switched(b);
    const next = await built(a);
    slow.arm();
    const dropped = b.dropOwner("a");
    await slow.reached;
    await a.takeOver();
    expect(await refusal(() => a.switchTo(next))).toMatchObject(refused);
    expect(await refusal(() => foldBatch(next, one, 2))).toMatchObject(refused);
    await a.refresh();
    await switched(a);
    const own = a.live().number;
    slow.go();
    await dropped;
    expect(await generationsIn(store)).toEqual([b.live().number, own].toSorted((x, y) => x - y));
    expect([a.live().number, await rowsIn(a.live().rows)]).toEqual([own, { a: [1, 1] }]);
    await foldBatch(a.live(), one, 2);
  });

  it("is dropped as a whole by the next host that opens, if the host that drops it dies", async () => {
    const { place, store } = await newPlace();
    const dies = { now: false };
    const dying = stepping(place(), async (what) => {
      if (dies.now && what === "change epoch") throw new Error("dead");
    });
    const [a, b] = [await hostOf(place(), "a"), await hostOf(dying, "b")];
    await switched(b);
    await built(a);
    dies.now = true;
    await refusal(() => b.dropOwner("a"));
    expect(await rowsIn(a.live().rows)).toEqual({ a: [1, 1] });
    expect(a.live().owner).toBe("b");
    const next = await hostOf(place(), "b");
    expect(await generationsIn(store)).toEqual([next.live().number]);
    expect(await ownersOf(next)).toEqual(["b"]);
  });

  it("without a generation is forgotten a day after its last takeover", async () => {
    const { place, store } = await newPlace();
    const a = await hostOf(place(), "a");
    await hostOf(place(), "b");
    await hostOf(place(), "c");
    await built(await hostOf(place(), "d"));
    const old = (await ownersIn(store)).map((entry) => (entry.owner === "c" ? entry : { ...entry, touched: 0 }));
    await store.heads.change("pointer", {}, { owners: JSON.stringify(old) });
    await hostOf(place(), "e");
    expect((await ownersIn(store)).map(({ owner }) => owner)).toEqual(["a", "c", "d", "e"]);
    await foldBatch(a.live(), one, 1);
  });

  it("of several hosts is continued by the only host of the table, which removes the others", async () => {
    const { place, store } = await newPlace();
    await hostOf(place(), "a");
    const b = await hostOf(place(), "b");
    await switched(b);
    const only = Object.assign(
      stepping(place(), async () => {}),
      { hosts: "one" as const },
    );
    const table = await hostOf(only, "c");
    expect(await table.lives()).toMatchObject([{ owner: "c", number: b.live().number }]);
    await foldBatch(table.live(), one, 2);
    await switched(table);
    expect(await generationsIn(store)).toEqual([table.live().number]);
    expect((await ownersIn(store)).map(({ owner }) => owner)).toEqual(["b"]);
  });

  it("whose live generation is lost is an outage, not an endless search", async () => {
    const { place, store } = await newPlace();
    const table = await hostOf(place(), "a");
    const { number } = table.live();
    await store.heads.remove({ _id: `generation ${number}` });
    const error = await refusal(() => hostOf(place(), "a"));
    expect(error).toMatchObject(refused);
    expect(error.message).toMatch(/found no generation 1, which is live/);
    expect(await refusal(() => table.lives())).toMatchObject(refused);
  });
});
