import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { Aggregate, EventStore, type FieldsInput, type Manifest } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

type Events = { "property.created": { id: string; name: string } };
type Notification = { id: string; recipient: string; text: string };

const recipients = ["owner", "cleaner", "accountant", "neighbour", "agency"];
const fields = { recipient: { type: "string", index: true }, text: "string" } satisfies FieldsInput;

type Options = { adapter?: string; snapshots?: false };

/**
 * moleculer-go/cqrs tries its snapshots on properties, of each of which five people are told. The version says that the
 * transform is the same one whatever it writes: so rows that were restored differ from those that were folded again.
 */
function properties(folder: string, options: Options = {}, text = "is yours"): ServiceSchema {
  const events = EventStore<Events>("events", { adapter: `sqlite:${folder}/events.db` });
  const notifications = Aggregate("notificationsAggregate", {
    eventStore: events,
    fields,
    definitionVersion: 1,
    ...options,
  })
    .on("property.created")
    .createMany(({ payload }) => recipients.map((recipient) => ({ recipient, text: `${payload.name} ${text}` })));
  return propertyService(events, notifications.mixin());
}

/** What a later release makes of the same events. */
function propertiesOfNextRelease(folder: string): ServiceSchema {
  const events = EventStore<Events>("events", { adapter: `sqlite:${folder}/events.db` });
  const notifications = Aggregate("notificationsAggregate", {
    eventStore: events,
    fields: { ...fields, channel: "string" },
    onChange: "warn",
  })
    .on("property.created")
    .createMany(({ payload }) =>
      recipients.map((recipient) => ({ recipient, text: `Welcome to ${payload.name}`, channel: "mail" })),
    );
  return propertyService(events, notifications.mixin());
}

const propertyService = (events: EventStore<Events>, table: object): ServiceSchema => ({
  name: "property",
  mixins: [events.mixin(), table],
  actions: { create: events.mapAction("property.created", { params: { id: "string", name: "string" } }) },
});

async function create(broker: ServiceBroker, from: number, count: number): Promise<void> {
  for (let n = from; n < from + count; n++) await broker.call("property.create", { id: `${n}`, name: `Villa ${n}` });
}

const call = <Answer>(broker: ServiceBroker, action: string, params: object = {}): Promise<Answer> =>
  broker.call(`notificationsAggregate.${action}`, params);
const rowsOf = (broker: ServiceBroker) => call<Notification[]>(broker, "find", { sort: "id" });
const folded = (broker: ServiceBroker) => caughtUp(broker, "notificationsAggregate");

async function tenProperties(folder: string): Promise<{ broker: ServiceBroker; snapshot: Manifest }> {
  const broker = await startBroker([properties(folder)]);
  await create(broker, 0, 10);
  await folded(broker);
  return { broker, snapshot: await call(broker, "snapshot") };
}

describe("A snapshot of the forerunner's notifications", () => {
  it("is recorded in the store, stands there as files, and keeps nobody from folding on", async () => {
    const folder = newFolder();
    const { broker, snapshot } = await tenProperties(folder);
    expect(snapshot).toMatchObject({ table: "notificationsAggregate", position: 10, rows: 50 });
    expect(await broker.call("events.count", { query: { type: "$snapshot.completed" } })).toBe(1);
    const place = join(folder, "notificationsAggregate/snapshots", snapshot.id);
    expect(readdirSync(place).toSorted()).toEqual(["manifest.json", "recorded", "table"]);
    expect(readdirSync(join(place, "table"))).toEqual(["table.db"]);
    await create(broker, 10, 1);
    await folded(broker);
    expect(await call(broker, "count")).toBe(55);
  });

  it.each([{ adapter: "memory:" }, { snapshots: false } as const])(
    "is refused, and not recorded, where it has no place: %j",
    async (options) => {
      const broker = await startBroker([properties(newFolder(), options)]);
      await create(broker, 0, 1);
      const error = await refusal(() => call(broker, "snapshot"));
      expect(error).toMatchObject({ type: "SNAPSHOTS_NOT_CONFIGURED", message: /snapshots: \{ folder \}/ });
      const snapshotId = "01998f6e-3c1c-7a52-9d51-0c8f2f0c6b11";
      for (const action of ["restore", "replay"])
        expect(await refusal(() => call(broker, action, { snapshotId }))).toMatchObject({
          type: "SNAPSHOTS_NOT_CONFIGURED",
        });
      expect(await broker.call("events.count", { query: { type: { $regex: "^\\$snapshot" } } })).toBe(0);
    },
  );
});

describe("A restore of the forerunner's notifications", () => {
  /** Ten properties and a snapshot; two more; then the node is stopped and the table's files are deleted. */
  async function lostTable() {
    const folder = newFolder();
    const { broker, snapshot } = await tenProperties(folder);
    const atSnapshot = await rowsOf(broker);
    await create(broker, 10, 2);
    await folded(broker);
    await broker.stop();
    const place = join(folder, "notificationsAggregate");
    for (const file of readdirSync(place).filter((name) => name !== "snapshots")) rmSync(join(place, file));
    return { broker: await startBroker([properties(folder, {}, "was folded again")]), snapshot, atSnapshot };
  }
  const countOf = (broker: ServiceBroker, end: string) =>
    call<number>(broker, "count", { query: { text: { $regex: `${end}$` } } });

  it("brings back the rows of a table whose files were deleted, and stands still there", async () => {
    const { broker, snapshot, atSnapshot } = await lostTable();
    expect(await call(broker, "restore", { snapshotId: snapshot.id })).toMatchObject({ kind: "restore", position: 10 });
    expect(await rowsOf(broker)).toEqual(atSnapshot);
    expect(atSnapshot).toHaveLength(50);
    expect(await call(broker, "status")).toMatchObject({ state: "paused", paused: true, position: 10, stale: false });
  });

  it("folds new events after resume, and what came between as well", async () => {
    const { broker, snapshot } = await lostTable();
    await call(broker, "restore", { snapshotId: snapshot.id });
    await create(broker, 12, 1);
    expect(await call(broker, "count")).toBe(50);
    await call(broker, "resume");
    await folded(broker);
    expect(await countOf(broker, "is yours")).toBe(50);
    expect(await countOf(broker, "was folded again")).toBe(15);
  });

  it("with a replay brings back what came since too, and folds new events by itself", async () => {
    const { broker, snapshot } = await lostTable();
    expect(await call(broker, "replay", { snapshotId: snapshot.id })).toMatchObject({ kind: "replay" });
    expect(await call(broker, "count")).toBe(60);
    expect(await call(broker, "status")).toMatchObject({ paused: false, lag: 0 });
    await create(broker, 12, 1);
    await folded(broker);
    expect(await countOf(broker, "is yours")).toBe(50);
    expect(await countOf(broker, "was folded again")).toBe(15);
  });
});

describe("A replay of the forerunner's notifications on a new version of the aggregate", () => {
  async function nextRelease() {
    const folder = newFolder();
    const { broker, snapshot } = await tenProperties(folder);
    await create(broker, 10, 1);
    await folded(broker);
    await broker.stop();
    return { broker: await startBroker([propertiesOfNextRelease(folder)]), snapshotId: snapshot.id };
  }
  const countOf = (broker: ServiceBroker, channel: string | null) =>
    call<number>(broker, "count", { query: { channel } });

  it("makes today's rows of all events", async () => {
    const { broker } = await nextRelease();
    expect(await call(broker, "count")).toBe(55);
    expect(await call(broker, "status")).toMatchObject({ stale: true });
    expect(await call(broker, "rebuild")).toMatchObject({ kind: "rebuild" });
    expect(await call(broker, "find", { query: { recipient: "owner", text: "Welcome to Villa 0" } })).toMatchObject([
      { channel: "mail" },
    ]);
    expect(await countOf(broker, "mail")).toBe(55);
    expect(await call(broker, "status")).toMatchObject({ stale: false, state: "live" });
  });

  it("refuses a snapshot of the old one, saying what differs, and converts it when it is forced to", async () => {
    const { broker, snapshotId } = await nextRelease();
    const error = await refusal(() => call(broker, "replay", { snapshotId }));
    expect(error).toMatchObject({ type: "SNAPSHOT_MISMATCH", data: { id: snapshotId, field: "definition" } });
    expect(error.message).toContain("fields.channel");
    expect(await call(broker, "status")).toMatchObject({ stale: true, rebuilding: null });

    expect(await call(broker, "replay", { snapshotId, force: true })).toMatchObject({ kind: "replay" });
    expect(await countOf(broker, null)).toBe(50);
    expect(await countOf(broker, "mail")).toBe(5);
    await create(broker, 11, 1);
    await folded(broker);
    expect(await countOf(broker, "mail")).toBe(10);
  });
});
