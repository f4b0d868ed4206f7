import {
  Aggregate,
  EventStore,
  type AggregateStatus,
  type BackupAnswer,
  type ImportAnswer,
  type Manifest,
  type ParkedEvent,
  type PastAnswer,
  type RecordedEvent,
  type StoredAnswer,
  type Verification,
} from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { log, tables } from "../../examples/engines.ts";
import { newPlaces } from "../support/places.ts";
import { eventsIn } from "../support/pages.ts";

const folderBefore = process.cwd();
let property: ServiceSchema;
let notifier: ServiceSchema;
let broker: ServiceBroker;

/** The walk of the example's README: each step finds what the ones before it have left. */
beforeAll(async () => {
  process.chdir(newFolder());
  await newPlaces();
  ({ default: property } = await import("../../examples/property/property.service.ts"));
  ({ default: notifier } = await import("../../examples/property/notifier.service.ts"));
  broker = await startBroker([property, notifier]);
  await create("42", "Beach Villa", "NZ");
  await create("43", "Alp Hut", "CH");
  await create("44", "Harbour Flat", "NZ");
  await caughtUp(broker, "propertyAggregate");
  snapshot = await ask("propertyAggregate.snapshot");
  await create("45", "Lake House", "NZ");
  removed = (await ask<StoredAnswer>("property.remove", { id: "42" })).events[0]!;
  for (const table of ["propertyAggregate", "propertySummaryAggregate", "notificationsAggregate"])
    await caughtUp(broker, table);
});

afterAll(async () => {
  await cleanUp();
  process.chdir(folderBefore);
});

/** At position 3; its own two events take the positions 4 and 5. */
let snapshot: Manifest;
/** At position 7. */
let removed: RecordedEvent;

const ask = <Answer>(action: string, params: object = {}): Promise<Answer> => broker.call(action, params);
const create = (id: string, name: string, countryCode: string): Promise<RecordedEvent> =>
  ask("property.create", { id, name, countryCode });
const ids = (rows: unknown) => (rows as { id: string }[]).map(({ id }) => id).toSorted();
const idsNow = async () => ids(await ask("propertyAggregate.find"));
const status = (): Promise<AggregateStatus> => ask("propertyAggregate.status");

describe("Time travel in the property example", () => {
  it("lists its snapshots", async () => {
    expect(snapshot).toMatchObject({ table: "propertyAggregate", rows: 3 });
    // A table that nodes share also writes that it has passed the snapshot's own first event.
    expect([3, 4]).toContain(snapshot.position);
    expect(await ask("propertyAggregate.snapshots")).toEqual([snapshot]);
  });

  it("answers any past moment, by position and by time, with what has changed since", async () => {
    const then: PastAnswer = await ask("propertyAggregate.at", { position: 3, sort: "id", fields: ["id", "name"] });
    expect(then).toEqual({
      rows: [
        { id: "42", name: "Beach Villa" },
        { id: "43", name: "Alp Hut" },
        { id: "44", name: "Harbour Flat" },
      ],
      position: 3,
      parked: [],
    });
    const atPositionOne: PastAnswer = await ask("propertySummaryAggregate.at", { position: 1 });
    expect(atPositionOne.rows).toMatchObject([{ countryCode: "NZ", total: 1 }]);
    const byTime: PastAnswer = await ask("propertyAggregate.at", { time: removed.time });
    expect([byTime.position, ids(byTime.rows)]).toEqual([7, ["43", "44", "45"]]);
    expect(await ask("propertyAggregate.at", { time: "2000-01-01T00:00:00Z" })).toMatchObject({
      rows: [],
      position: 0,
    });
    expect(await ask("propertyAggregate.at", { position: 3, diff: true })).toMatchObject({
      added: [{ id: "45" }],
      removed: [{ id: "42" }],
      total: { added: 1, changed: 0, removed: 1 },
      to: 7,
    });
    expect(await ask("propertySummaryAggregate.at", { position: 1, diff: { position: 3 } })).toMatchObject({
      added: [{ countryCode: "CH", total: 1 }],
      changed: [{ before: { total: 1 }, after: { total: 2 } }],
      position: 1,
      to: 3,
    });
  });

  it("tries histories that never were", async () => {
    const notRemoved: PastAnswer = await ask("propertyAggregate.whatIf", { skip: removed.id });
    expect(notRemoved).toMatchObject({ skipped: 1, position: 7 });
    expect(ids(notRemoved.rows)).toEqual(["42", "43", "44", "45"]);
    const villas = [46, 47].map((id) => ({
      type: "property.created",
      payload: { id: `${id}`, name: "Cabin", countryCode: "CH" },
    }));
    expect(await ask("propertySummaryAggregate.whatIf", { inject: villas, diff: true })).toMatchObject({
      injected: 2,
      changed: [{ before: { countryCode: "CH", total: 1 }, after: { countryCode: "CH", total: 3 } }],
    });
    const [first]: RecordedEvent[] = await eventsIn(ask("propertyEventStore.read", { limit: 1 }));
    const moved = { ...first!.payload, countryCode: "FR" };
    expect(await ask("propertySummaryAggregate.whatIf", { replace: { [first!.id]: moved }, until: 1 })).toMatchObject({
      rows: [{ countryCode: "FR", total: 1 }],
      replaced: 1,
    });
    expect(await idsNow()).toEqual(["43", "44", "45"]);
    expect(await ask("propertyEventStore.count", { query: { type: { $regex: "^property" } } })).toBe(5);
  });

  it("goes back to a snapshot and stands still there, until it is resumed", async () => {
    const { id: snapshotId } = snapshot;
    expect(await ask("propertyAggregate.restore", { snapshotId })).toMatchObject({
      kind: "restore",
      position: snapshot.position,
    });
    expect(await idsNow()).toEqual(["42", "43", "44"]);
    expect(await status()).toMatchObject({ state: "paused", position: snapshot.position });
    await ask("propertyAggregate.resume");
    await caughtUp(broker, "propertyAggregate");
    expect(await idsNow()).toEqual(["43", "44", "45"]);
  });

  it("goes back to a snapshot and folds what came since, or all anew", async () => {
    const { id: snapshotId } = snapshot;
    expect(await ask("propertyAggregate.replay", { snapshotId })).toEqual({
      requestId: expect.any(String),
      kind: "replay",
      snapshotId,
      position: 7,
    });
    expect(await idsNow()).toEqual(["43", "44", "45"]);
    expect(await ask("propertySummaryAggregate.rebuild", { wait: false })).toMatchObject({ kind: "rebuild" });
    // There is one at a time: another is refused until the first has ended.
    await eventually(() => ask("propertySummaryAggregate.rebuild"));
    expect(await ask("propertySummaryAggregate.cancel")).toEqual({ cancelled: null });
    expect(
      await ask("propertySummaryAggregate.find", { sort: "countryCode", fields: ["countryCode", "total"] }),
    ).toEqual([
      { countryCode: "CH", total: 1 },
      { countryCode: "NZ", total: 2 },
    ]);
  });

  it("verifies its tables, its snapshots and its log", async () => {
    for (const table of ["propertyAggregate", "propertySummaryAggregate", "notificationsAggregate"])
      expect(await ask(`${table}.verify`)).toMatchObject({ ok: true, position: 7, total: 0 });
    expect(await ask("propertyAggregate.verify", { snapshotId: snapshot.id })).toMatchObject({
      ok: true,
      position: snapshot.position,
      rows: 3,
    });
    expect(await ask("propertyEventStore.verify")).toMatchObject({ ok: true, position: 7, total: 0 });
  });

  it("parks what cannot be folded, folds it late, sees that by verify, and mends it by a rebuild and a skip", async () => {
    const twin = { type: "property.created", payload: { id: "43", name: "Twin", countryCode: "CH" } };
    await ask("propertyEventStore.append", { stream: "property-43b", events: [twin] });
    const [parked] = await eventually(async () => {
      const found: ParkedEvent[] = await eventsIn(ask("propertyAggregate.parked"));
      expect(found).toMatchObject([{ stream: "property-43b", error: { type: "DUPLICATE_ROW" } }]);
      return found;
    });
    const { id } = parked!;
    await ask("property.remove", { id: "43" });
    await caughtUp(broker, "propertyAggregate");
    expect(await ask("propertyAggregate.retry")).toEqual({ folded: 1, parked: 0 });
    expect(await ask("propertyAggregate.get", { id: "43" })).toMatchObject({ name: "Twin" });
    expect(await status()).toMatchObject({ reordered: true, parked: 0 });
    const verification: Verification = await ask("propertyAggregate.verify");
    expect(verification.ok).toBe(false);
    expect(verification.differences).toContainEqual({ id: "43", field: "id", found: "43", expected: null });
    expect(verification.differences).toContainEqual(expect.objectContaining({ id, field: "parked", found: null }));

    await ask("propertyAggregate.rebuild");
    expect(await status()).toMatchObject({ reordered: false, parked: 1 });
    expect(await ask("propertyAggregate.skip", { id, reason: "sent twice" })).toMatchObject({ skipped: id, parked: 0 });
    expect(await ask("propertyAggregate.verify")).toMatchObject({ ok: true });
    expect(await idsNow()).toEqual(["44", "45"]);
  });

  it("copies its log while it runs, where its engine does", async () => {
    const { head: position }: { head: number } = await ask("propertyEventStore.status");
    const backup = ask<BackupAnswer>("propertyEventStore.backup", { to: "backup/events.db" });
    // Servers have backups of their own.
    const answer = await backup.catch(({ type }: { type: string }) => ({ type }));
    expect(answer).toMatchObject(
      process.env["EVENT_STORE"] ? { type: "BACKUP_UNSUPPORTED" } : { position, events: position },
    );
  });

  it("takes its log in from a file once", async () => {
    const { head: position }: { head: number } = await ask("propertyEventStore.status");
    const format = "cloudevents";
    expect(await ask("propertyEventStore.export", { to: "events.jsonl", format })).toMatchObject({ events: position });
    const again: ImportAnswer = await ask("propertyEventStore.import", { from: "events.jsonl", format });
    expect(again).toEqual({ events: 0, repeated: position, position, timesChanged: 0, processManagers: [] });
    const copies = EventStore("copies", { adapter: "sqlite:data/copies.db" });
    broker.createService({ name: "copy", mixins: [copies.mixin()] });
    await broker.waitForServices("copies");
    expect(await ask("copies.import", { from: "events.jsonl", format })).toEqual({
      events: position,
      repeated: 0,
      position,
      timesChanged: 0,
      processManagers: [],
    });
    expect(await eventsIn(ask("copies.read", { limit: 1000 }))).toEqual(
      await eventsIn(ask("propertyEventStore.read", { limit: 1000 })),
    );
  });

  it("folds a changed table anew beside the old one, which answers until then", async () => {
    await broker.stop();
    const events = EventStore("propertyEventStore", log());
    const renamed = Aggregate("propertyAggregate", {
      eventStore: events,
      ...tables(),
      fields: { title: "string", countryCode: "string" },
    })
      .on("property.created")
      .create(({ payload: { id, name, countryCode } }) => ({
        id: id as string,
        title: name as string,
        countryCode: countryCode as string,
      }))
      .on("property.removed")
      .remove("property.transformRemoval");
    const [, summary] = property.mixins as ServiceSchema[];
    broker = await startBroker([{ ...property, mixins: [renamed.mixin(), summary!] }, notifier]);
    await eventually(async () => expect(await status()).toMatchObject({ rebuilding: null, stale: false, lag: 0 }));
    expect(await ask("propertyAggregate.find", { sort: "id" })).toEqual([
      { id: "44", title: "Harbour Flat", countryCode: "NZ" },
      { id: "45", title: "Lake House", countryCode: "NZ" },
    ]);
    await expect(ask("propertyAggregate.restore", { snapshotId: snapshot.id })).rejects.toMatchObject({
      type: "SNAPSHOT_MISMATCH",
    });
    // Today's definition of the past.
    expect(await ask("propertyAggregate.at", { position: 1 })).toMatchObject({
      rows: [{ id: "42", title: "Beach Villa" }],
    });
  });
});
