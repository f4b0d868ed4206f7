import Database from "better-sqlite3";
import type { ServiceBroker } from "moleculer";
import {
  Aggregate,
  EventStore,
  ProcessManager,
  Subscription,
  type StoredAnswer,
  type ParkedEvent,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { changeHistory } from "../support/change-history.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const heard: number[] = [];
const handled: number[] = [];

beforeEach(() => {
  heard.length = handled.length = 0;
});

function start(folder: string): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const table = Aggregate("table", { eventStore: events, adapter: "memory:", fields: { n: "integer" } })
    .on("n.happened")
    .create(({ id, payload }) => ({ id, n: payload["n"] as number }));
  const subscription = Subscription("handlers", {
    eventStore: events,
    on: { "n.happened": ({ position }) => void handled.push(position) },
  });
  const manager = ProcessManager("manager", {
    eventStore: events,
    correlate: ({ stream }) => stream,
    on: { "n.happened": () => {} },
    compensate: () => {},
  });
  return startBroker([
    {
      name: "host",
      mixins: [events.mixin(), table.mixin(), subscription.mixin(), manager.mixin()],
      events: { "n.happened": ({ params }: { params: RecordedEvent }) => void heard.push(params.position) },
    },
  ]);
}

const append = (broker: ServiceBroker, stream: string, n: number): Promise<StoredAnswer> =>
  broker.call("events.append", { stream, events: [{ type: "n.happened", payload: { n } }] });

/** A store of six events, some of which a medium has changed since, as `sql` says. */
async function damagedStore(sql: string): Promise<{ broker: ServiceBroker; folder: string; ids: string[] }> {
  const folder = newFolder();
  const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const before = await startBroker([{ name: "host", mixins: [events.mixin()] }]);
  const ids: string[] = [];
  await before.call("events.pausePump");
  for (let n = 1; n <= 6; n++) ids.push((await append(before, n % 2 === 0 ? "even" : "odd", n)).events[0]!.id);
  await before.call("events.resumePump");
  await before.stop();
  const db = new Database(`${folder}/events.db`);
  changeHistory(db, `${sql}; DELETE FROM state WHERE key LIKE '%pump%'`);
  db.close();
  return { broker: await start(folder), folder, ids };
}

const parked = (broker: ServiceBroker, consumer: string): Promise<ParkedEvent[]> =>
  eventsIn(broker.call(`${consumer}.parked`));

describe("A stored event whose payload is no JSON any more", () => {
  const damage = `UPDATE events SET payload = '{"n":' WHERE position = 3`;
  const damaged = (id: string, field = "payload") => ({
    type: "DAMAGED_EVENT",
    code: 500,
    retryable: false,
    data: { id, type: "n.happened", stream: "odd", version: 2, position: 3, field },
  });

  it("is named by every read that meets it, and by no other", async () => {
    const { broker, folder, ids } = await damagedStore(damage);
    for (const [action, params] of [
      ["read", {}],
      ["read", { stream: "odd" }],
      ["read", { backward: true }],
      ["find", {}],
      ["get", { id: ids[2] }],
      ["export", { to: `${folder}/events.jsonl` }],
    ] as const)
      expect(await refusal(() => broker.call(`events.${action}`, params))).toMatchObject(damaged(ids[2]!));
    expect(await eventsIn(broker.call("events.read", { after: 3 }))).toHaveLength(3);
    expect(await eventsIn(broker.call("events.read", { stream: "even" }))).toHaveLength(3);
    expect(await broker.call("events.get", { id: ids[3] })).toMatchObject({ position: 4 });
    expect((await append(broker, "odd", 7)).version).toBe(4);
  });

  it("is a problem that verify lists, going on behind it", async () => {
    const { broker } = await damagedStore(`${damage}; UPDATE events SET meta = '[]' WHERE position = 5`);
    expect(await broker.call("events.verify")).toMatchObject({
      ok: false,
      position: 6,
      total: 2,
      problems: [
        { position: 3, field: "payload", found: expect.stringContaining("no JSON") as string },
        { position: 5, field: "meta", found: expect.stringContaining("no object") as string },
      ],
    });
  });

  it("stops its own stream of each consumer, and no other, until it is skipped", async () => {
    const { broker, ids } = await damagedStore(damage);
    await caughtUp(broker, "table");
    await eventually(() => expect(handled).toEqual([1, 2, 4, 6]));
    for (const consumer of ["table", "handlers", "manager"]) {
      const list = await eventually(async () => {
        const found = await parked(broker, consumer);
        expect(found.length).toBeGreaterThan(0);
        return found;
      });
      expect(list[0]).toMatchObject({ id: ids[2], error: { type: "DAMAGED_EVENT" } });
      await broker.call(`${consumer}.skip`, { id: ids[2], reason: "damaged" });
      expect(await parked(broker, consumer)).toEqual([]);
    }
    expect(handled).toEqual([1, 2, 4, 6, 5]);
    expect(await broker.call("table.count")).toBe(5);
  });

  it("is passed over by the pump", async () => {
    const { broker } = await damagedStore(damage);
    await append(broker, "even", 7);
    await eventually(() => expect(heard).toContain(7));
    expect(heard).not.toContain(3);
  });

  it("fails the append that repeats it, and none beside it", async () => {
    const { broker, ids } = await damagedStore(damage);
    const again = broker.call("events.append", {
      stream: "odd",
      events: [{ id: ids[2], type: "n.happened", payload: { n: 3 } }],
    });
    const [repeated, beside] = await Promise.allSettled([again, append(broker, "even", 8)]);
    expect(repeated).toMatchObject({ status: "rejected", reason: { type: "DAMAGED_EVENT" } });
    expect(beside).toMatchObject({ status: "fulfilled", value: { position: 7 } });
  });
});
