import type { ServiceSchema } from "moleculer";
import { Aggregate, EventStore, type Adapter } from "moleculer-event-sourcing";
import { caughtUp, eventually, newFolder, startBroker } from "../support/broker.ts";

function things(folder: string, adapter: Adapter): ServiceSchema {
  const events = EventStore("things", { adapter: `sqlite:${folder}/things.db` });
  const counts = Aggregate("counts", {
    eventStore: events,
    adapter,
    fields: { colour: { type: "string", unique: true }, total: "integer" },
    snapshots: { folder: `${folder}/snapshots` },
  })
    .on("thing.made")
    .update(async ({ payload: { colour } }, { get }) => {
      const id = String(colour);
      return { id, colour: id, total: ((await get(id))?.total ?? 0) + 1 };
    });
  return {
    name: "thing",
    mixins: [events.mixin(), counts.mixin()],
    actions: { make: events.mapAction("thing.made", { stream: ({ id }) => `thing-${String(id)}` }) },
  };
}

const total = [
  { id: "blue", colour: "blue", total: 40 },
  { id: "green", colour: "green", total: 80 },
];

/** Cases of an aggregate on a journaled table, with all its actions. */
export function checkAggregate(adapter: (folder: string) => Adapter): void {
  it("folds, snapshots, restores, rebuilds, verifies and starts again as elsewhere", async () => {
    const folder = newFolder();
    const broker = await startBroker([things(folder, adapter(folder))]);
    const make = (n: number) => broker.call("thing.make", { id: n % 7, colour: n % 3 ? "green" : "blue" });
    await Promise.all(Array.from({ length: 60 }, (_, n) => make(n)));
    await caughtUp(broker, "counts");
    const { id } = await broker.call<{ id: string }, object>("counts.snapshot", {});
    await Promise.all(Array.from({ length: 60 }, (_, n) => make(n)));
    await caughtUp(broker, "counts");
    const find = () => broker.call("counts.find", { sort: "id" });
    expect(await find()).toEqual(total);
    await broker.call("counts.rebuild");
    expect(await find()).toEqual(total);
    await broker.call("counts.replay", { snapshotId: id });
    expect(await find()).toEqual(total);
    expect(await broker.call("counts.verify")).toMatchObject({ ok: true, rows: 2, total: 0 });
    await broker.stop();
    await broker.start();
    await eventually(async () => expect(await find()).toEqual(total));
    await make(0);
    await caughtUp(broker, "counts");
    expect(await broker.call("counts.get", { id: "blue" })).toMatchObject({ total: 41 });
  });
}
