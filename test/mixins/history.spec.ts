import { EventStore, type StoredAnswer, type LogVerification, type RecordedEvent } from "moleculer-event-sourcing";
import Database from "better-sqlite3";
import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { toImportRequest } from "../../core/interchange/history-event.ts";
import { sqlite } from "../../adapters/sqlite/sqlite.ts";
import { changeHistory } from "../support/change-history.ts";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const minute = (n: number) => new Date(Date.UTC(2026, 0, 1, 0, n)).toISOString();

/** A log with an event at each of these minutes of a new year. */
async function logAt(minutes: readonly number[]): Promise<string> {
  const file = `${newFolder()}/events.db`;
  const log = sqlite(file).eventLog!("events");
  await log.open();
  const meta = { correlationId: "c", causationId: "c", schemaVersion: 2 };
  await log.append(
    minutes.map((n) => {
      const event = { id: v7(), type: "thing.happened", stream: `thing-${n % 3}`, time: minute(n), payload: {}, meta };
      return toImportRequest(event, 1000);
    }),
  );
  await log.close();
  return file;
}

async function brokerOn(file: string): Promise<ServiceBroker> {
  const events = EventStore("events", {
    adapter: `sqlite:${file}`,
    events: { "thing.happened": { payload: { n: "number?" }, schemaVersion: 2 } },
    maxEventBytes: 1000,
  });
  return startBroker([{ name: "thing", mixins: [events.mixin()] }]);
}

describe("The position at a time", () => {
  it("is that of the last event at or before it, 0 before the first", async () => {
    const minutes = [1, 1, 2, 3, 5, 5, 5, 8, 13];
    const broker = await brokerOn(await logAt(minutes));
    for (let n = 0; n <= 14; n++)
      expect([n, await broker.call("$events.positionAt", { time: minute(n) }, spoken)]).toEqual([
        n,
        minutes.filter((at) => at <= n).length,
      ]);
    const at = (time: string) => broker.call("$events.positionAt", { time }, spoken);
    expect(await at("2026-01-01T00:04:59.999Z")).toBe(4);
    expect(await at("2026-01-01T01:05:00+01:00")).toBe(7);
    expect(await at("2026-01-01")).toBe(0);
    expect(await at("9999-12-31")).toBe(9);
  });

  it("is 0 in an empty log", async () => {
    const broker = await brokerOn(await logAt([]));
    expect(await broker.call("$events.positionAt", { time: minute(1) }, spoken)).toBe(0);
  });

  it("is refused for what is no time", async () => {
    const broker = await brokerOn(await logAt([1]));
    for (const time of ["yesterday", "2026-02-30", "", 5, null, undefined])
      expect(await refusal(() => broker.call("$events.positionAt", { time }, spoken))).toMatchObject({
        type: "VALIDATION_ERROR",
        code: 422,
        data: [{ field: "time", expected: "an ISO 8601 time" }],
      });
  });
});

describe("A draft", () => {
  const draft = (broker: ServiceBroker, ...events: object[]): Promise<RecordedEvent[]> =>
    broker.call("$events.draft", { events }, spoken);

  it("answers the events as an append would store them, and stores nothing", async () => {
    const broker = await brokerOn(await logAt([]));
    const id = v7();
    const sent = [
      { id, type: "thing.happened", payload: { n: 1 }, meta: { user: "ann" } },
      { type: "thing.other", payload: [new Date(0)] },
    ];
    const drafts = await draft(broker, ...sent);
    expect(drafts).toMatchObject([
      { id, type: "thing.happened", payload: { n: 1 }, meta: { user: "ann", schemaVersion: 2 } },
      { type: "thing.other", payload: ["1970-01-01T00:00:00.000Z"] },
    ]);
    expect(drafts.map((event) => Object.keys(event))).toEqual([
      ["id", "type", "payload", "meta"],
      ["id", "type", "payload", "meta"],
    ]);
    expect(await broker.call("events.count")).toBe(0);
    const { events } = await broker.call<StoredAnswer, object>("events.append", { stream: "a", events: drafts });
    expect(events).toMatchObject(drafts);
  });

  it("is refused as an append is, for too many events", async () => {
    const broker = await brokerOn(await logAt([]));
    const events = Array.from({ length: 2001 }, () => ({ type: "thing.other", payload: 0 }));
    const error = await refusal(() => draft(broker, ...events));
    expect(error).toMatchObject({ code: 422, data: [{ field: "events", expected: "an array of 1 to 2000 events" }] });
    expect(await draft(broker, ...events.slice(1))).toHaveLength(2000);
  });

  it("is refused as an append is, with every problem", async () => {
    const broker = await brokerOn(await logAt([]));
    const error = await refusal(() =>
      draft(
        broker,
        { type: "$thing.happened", payload: {} },
        { type: "thing.happened", payload: { n: "x" } },
        { id: "1", type: "x" },
      ),
    );
    expect(error).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [
        { field: "events.0.type" },
        { field: "events.1.payload.n" },
        { field: "events.2.id" },
        { field: "events.2.payload" },
      ],
    });
    expect(await refusal(() => draft(broker))).toMatchObject({ data: [{ field: "events" }] });
    const large = { type: "x", payload: "x".repeat(1000) };
    expect(await refusal(() => draft(broker, large))).toMatchObject({ type: "EVENT_TOO_LARGE" });
    expect(await refusal(() => broker.call("$events.draft", { streem: "a", events: [] }, spoken))).toMatchObject({
      code: 422,
    });
  });
});

describe("The verification of a log", () => {
  const verify = (broker: ServiceBroker): Promise<LogVerification> => broker.call("events.verify");

  it("finds nothing in a whole log, an empty one too", async () => {
    const broker = await brokerOn(await logAt(Array.from({ length: 2500 }, (_, n) => n)));
    expect(await verify(broker)).toEqual({
      ok: true,
      position: 2500,
      streams: 3,
      problems: [],
      total: 0,
      unchecked: [],
    });
    const empty = await brokerOn(await logAt([]));
    expect(await verify(empty)).toEqual({ ok: true, position: 0, streams: 0, problems: [], total: 0, unchecked: [] });
  });

  it("names the change of the file", async () => {
    const file = await logAt([1, 2, 3, 4, 5, 6, 7]);
    const db = new Database(file);
    changeHistory(
      db,
      `DELETE FROM events WHERE position = 2; UPDATE events SET time = '${minute(1)}' WHERE position = 6`,
    );
    db.close();
    const broker = await brokerOn(file);
    expect(await verify(broker)).toEqual({
      ok: false,
      position: 7,
      streams: 3,
      problems: [
        { position: 3, field: "position", found: 3, expected: 2 },
        { position: 5, field: "version", found: 2, expected: 1 },
        { position: 6, field: "time", found: minute(1), expected: `${minute(5)} or later` },
      ],
      total: 3,
      unchecked: [],
    });
  });

  it("finds the place of an event that another program has replaced by one behind the others, past the triggers", async () => {
    const file = await logAt([1, 2, 3]);
    const db = new Database(file);
    const copy = "SELECT 4, id, type, stream, version, time, payload, meta FROM events WHERE position = 1";
    changeHistory(
      db,
      `INSERT OR REPLACE INTO events (position, id, type, stream, version, time, payload, meta) ${copy}`,
    );
    db.close();
    const { ok, problems } = await verify(await brokerOn(file));
    expect([ok, problems]).toMatchObject([false, [{ position: 2, field: "position", found: 2, expected: 1 }, {}]]);
  });

  it("lists at most 100 problems, and counts all", async () => {
    const file = await logAt(Array.from({ length: 301 }, (_, n) => n));
    const db = new Database(file);
    changeHistory(db, "UPDATE events SET time = '2000' WHERE position % 2 = 0");
    db.close();
    const { problems, total } = await verify(await brokerOn(file));
    expect([problems.length, total]).toEqual([100, 150]);
  });
});
