import { randomUUID } from "node:crypto";
import type { ServiceSchema } from "moleculer";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../../support/broker.ts";
import { sql } from "../../support/postgres-server.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(cleanUp);

function things(url: string, store: string, folder: string): ServiceSchema {
  const events = EventStore(store, { adapter: url });
  const counts = Aggregate(`${store}Counts`, {
    eventStore: events,
    definitionVersion: 1,
    fields: { colour: { type: "string", unique: true }, total: "integer" },
    snapshots: { folder },
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

describeWith("postgres", "A store and its aggregate in PostgreSQL", (server) => {
  it("fold, snapshot, restore, rebuild, verify and start again as they do elsewhere", async () => {
    const store = `s${randomUUID().slice(0, 8)}`;
    const folder = newFolder();
    const broker = await startBroker([things(server().url, store, folder)]);
    const make = (n: number) => broker.call("thing.make", { id: n % 7, colour: n % 3 ? "green" : "blue" });
    await Promise.all(Array.from({ length: 60 }, (_, n) => make(n)));
    await caughtUp(broker, `${store}Counts`);
    const { id } = await broker.call<{ id: string }, object>(`${store}Counts.snapshot`, {});
    await Promise.all(Array.from({ length: 60 }, (_, n) => make(n)));
    await caughtUp(broker, `${store}Counts`);
    const find = () => broker.call(`${store}Counts.find`, { sort: "id" });
    expect(await find()).toEqual(total);
    await broker.call(`${store}Counts.rebuild`);
    expect(await find()).toEqual(total);
    await broker.call(`${store}Counts.replay`, { snapshotId: id });
    expect(await find()).toEqual(total);
    expect(await broker.call(`${store}Counts.verify`)).toMatchObject({ ok: true, rows: 2, total: 0 });
    expect(await broker.call(`${store}.verify`)).toMatchObject({ ok: true });
    expect(await broker.call(`${store}.status`)).toMatchObject({ engine: "postgres", pump: { lag: 0 } });
    await broker.stop();
    await broker.start();
    await eventually(async () => expect(await find()).toEqual(total));
    await make(0);
    await caughtUp(broker, `${store}Counts`);
    expect(await broker.call(`${store}Counts.get`, { id: "blue" })).toMatchObject({ total: 41 });
  });

  it("say in their status that the server answers nobody, while everybody else still waits for it", async () => {
    const store = `s${randomUUID().slice(0, 8)}`;
    const broker = await startBroker([things(server().url, store, newFolder())]);
    const make = () => broker.call("thing.make", { id: 1, colour: "blue" });
    await make();
    await caughtUp(broker, `${store}Counts`);
    let isMade = false;
    server().freeze();
    const made = make().then(() => (isMade = true));
    try {
      const status = await broker.call<{ cause: string }>(`${store}.status`);
      expect(status).toMatchObject({ state: "waiting", head: null, pump: { lag: null } });
      expect(status.cause).toMatch(/has not responded|does not respond/);
      expect(await broker.call(`${store}Counts.status`)).toMatchObject({ position: 1, head: null, lag: null });
      expect(isMade).toBe(false);
    } finally {
      server().thaw();
    }
    await made;
    await caughtUp(broker, `${store}Counts`);
  });

  it("refuse every call when the log's schema is gone, and say so", async () => {
    const store = `s${randomUUID().slice(0, 8)}`;
    const broker = await startBroker([things(server().url, store, newFolder())]);
    const make = () => broker.call("thing.make", { id: 1, colour: "blue" });
    await make();
    await sql(server().url, `DROP SCHEMA "${store}" CASCADE`);
    const refused = expect.objectContaining({ type: "UNUSABLE_STORE" }) as unknown;
    await expect(make()).rejects.toEqual(refused);
    await expect(broker.call(`${store}.read`)).rejects.toEqual(refused);
    await expect(broker.call(`${store}.count`, { query: { type: "thing.made" } })).rejects.toEqual(refused);
  });
});
