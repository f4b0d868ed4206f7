import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import {
  EventStore,
  fromCloudEvent,
  fromFluxAction,
  type BackupAnswer,
  type EventStoreOptions,
  type ExportAnswer,
  type ImportAnswer,
  type JobProgress,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { v7 } from "uuid";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

let folder: string;

beforeEach(() => {
  folder = newFolder();
});

async function hostOf(
  file: string,
  options: EventStoreOptions = {},
  thing: Partial<ServiceSchema> = {},
): Promise<ServiceBroker> {
  const adapter = file === "memory" ? "memory:" : `sqlite:${folder}/${file}.db`;
  const events = EventStore("events", { adapter, transferFolder: folder, ...options });
  return startBroker([{ name: "thing", mixins: [events.mixin()], ...thing }]);
}

/** Appends a stream's events, at most 2,000 per call. */
async function append(
  broker: ServiceBroker,
  stream: string,
  count = 1,
  payload: unknown = { text: "a\u2028b\nc 漢" },
): Promise<void> {
  const event = { type: `${stream.split("-")[0]}.happened`, payload };
  for (let left = count; left > 0; left -= 2000)
    await broker.call("events.append", { stream, events: Array.from({ length: Math.min(left, 2000) }, () => event) });
}

const readAll = (broker: ServiceBroker): Promise<RecordedEvent[]> =>
  eventsIn(broker.call("events.read", { limit: 10_000 }));

/** A store with some history, system events included. */
async function someHistory(file = "events"): Promise<ServiceBroker> {
  const broker = await hostOf(file);
  await append(broker, "thing-1", 3);
  await append(broker, "other-1");
  await broker.call("$events.record", { stream: "$table-a", type: "$snapshot.started", payload: null }, spoken);
  await append(broker, "thing-2", 2);
  return broker;
}

const to = (name = "out.jsonl") => `${folder}/files/${name}`;
const exported = (broker: ServiceBroker, params: object = {}): Promise<ExportAnswer> =>
  broker.call("events.export", { to: to(), ...params });
const imported = (broker: ServiceBroker, params: object = {}): Promise<ImportAnswer> =>
  broker.call("events.import", { from: to(), ...params });
const linesIn = (name?: string) => readFileSync(to(name), "utf8").trimEnd().split("\n");
const write = (lines: readonly (object | string)[], name?: string) => {
  mkdirSync(`${folder}/files`, { recursive: true });
  writeFileSync(to(name), lines.map((line) => (typeof line === "string" ? line : JSON.stringify(line))).join("\n"));
};

describe("A backup of a store", () => {
  const backup = (broker: ServiceBroker, path: string): Promise<BackupAnswer> =>
    broker.call("events.backup", { to: path });

  it("answers what it holds, and is a store of its own", async () => {
    const broker = await someHistory();
    const path = `${folder}/backup/events.db`;
    const answer = await backup(broker, path);
    const bytes = readFileSync(path).length;
    expect(answer).toEqual({ path, position: 7, events: 7, bytes, durationMs: expect.any(Number) as number });
    const events = await readAll(broker);
    await append(broker, "thing-1");
    await broker.stop();
    expect(await readAll(await hostOf("backup/events"))).toEqual(events);
    expect(readdirSync(`${folder}/backup`).filter((file) => file.includes(".part"))).toEqual([]);
  });

  it("may be named from the transfer folder", async () => {
    const broker = await someHistory();
    expect(await backup(broker, "copies/a.db")).toMatchObject({ path: `${folder}/copies/a.db` });
    expect(existsSync(`${folder}/copies/a.db`)).toBe(true);
  });

  it("is refused where something stands already, or nothing can be written, and leaves nothing", async () => {
    const broker = await someHistory();
    write(["precious"]);
    expect(await refusal(() => backup(broker, to()))).toMatchObject({
      code: 422,
      message: `to: found "${to()}", expected a path that does not exist yet: nothing is overwritten`,
    });
    expect(await refusal(() => backup(broker, folder))).toMatchObject({ type: "VALIDATION_ERROR" });
    expect(await refusal(() => backup(broker, `${to()}/below-a-file/a.db`))).toMatchObject({
      code: 422,
      data: [{ field: "to", expected: expect.stringMatching(/^a path that can be written \(E(EXIST|NOTDIR)\)$/) }],
    });
    expect(await refusal(() => backup(broker, ""))).toMatchObject({ data: [{ field: "to" }] });
    expect(linesIn()).toEqual(["precious"]);
    expect(readdirSync(`${folder}/files`)).toEqual(["out.jsonl"]);
  });

  it("runs alone, and stands in status while it runs", async () => {
    const broker = await someHistory();
    const first = backup(broker, to("1"));
    await eventually(async () =>
      expect(await broker.call("events.status")).toMatchObject({
        jobs: [{ job: "backup", done: expect.any(Number) as number, total: expect.any(Number) as number }],
      }),
    );
    expect(await refusal(() => backup(broker, to("2")))).toMatchObject({
      type: "JOB_RUNNING",
      code: 409,
      data: { job: "backup" },
    });
    await first;
    expect(await broker.call("events.status")).toMatchObject({ jobs: [] });
    await backup(broker, to("3"));
  });

  it("is refused by an engine that has none", async () => {
    const broker = await someHistory("memory");
    expect(await refusal(() => backup(broker, to()))).toMatchObject({ type: "BACKUP_UNSUPPORTED", code: 409 });
  });

  it("that is put in place of a lost store makes it what it was", async () => {
    mkdirSync(`${folder}/data`);
    const broker = await someHistory("data/orders");
    await backup(broker, `${folder}/data/backup/orders.db`);
    const before = await readAll(broker);
    await append(broker, "thing-9", 5);
    await broker.stop();
    // On a new machine, with the line of docs/disaster.md.
    renameSync(`${folder}/data/backup/orders.db`, `${folder}/bank.db`);
    rmSync(`${folder}/data`, { recursive: true });
    const [, procedure] = /\*\*SQLite\*\*, on the new machine[\s\S]*?```sh\n([\s\S]*?)```/.exec(
      readFileSync("docs/disaster.md", "utf8"),
    )!;
    execFileSync("sh", ["-e"], { cwd: folder, input: procedure!.replace("/mnt/backup/bank.db", `${folder}/bank.db`) });
    const restored = await hostOf("data/bankEventStore");
    expect(await readAll(restored)).toEqual(before);
    await append(restored, "thing-9");
    expect(await restored.call("events.verify")).toMatchObject({ ok: true, position: 8 });
  });
});

describe("An export", () => {
  it("has each event on a line, as it is stored", async () => {
    const broker = await someHistory();
    expect(await exported(broker)).toEqual({ path: to(), events: 7, position: 7 });
    expect(linesIn().map((line) => JSON.parse(line) as unknown)).toEqual(
      (await readAll(broker)).map((event) => ({ $format: 1, ...event })),
    );
    expect(readdirSync(`${folder}/files`)).toEqual(["out.jsonl"]);
  });

  it("may be of CloudEvents or Flux Standard Actions", async () => {
    const broker = await someHistory();
    await exported(broker, { to: to("c"), format: "cloudevents" });
    await exported(broker, { to: to("f"), format: "flux" });
    const events = await readAll(broker);
    expect(linesIn("c").map((line) => fromCloudEvent(JSON.parse(line)))).toEqual(events);
    expect(linesIn("c").map((line) => (JSON.parse(line) as { source: string }).source)).toEqual(
      events.map(() => "events"),
    );
    expect(linesIn("f").map((line) => fromFluxAction(JSON.parse(line)))).toEqual(events);
  });

  it("may begin after a position, and be of some types or one category", async () => {
    const broker = await someHistory();
    const positions = async (params: object) => {
      const name = v7();
      const { position } = await exported(broker, { to: to(name), ...params });
      const lines = readFileSync(to(name), "utf8").split("\n").filter(Boolean);
      return [lines.map((line) => (JSON.parse(line) as RecordedEvent).position), position];
    };
    expect(await positions({ after: 4 })).toEqual([[5, 6, 7], 7]);
    expect(await positions({ types: "other.*,$snapshot.**" })).toEqual([[4, 5], 7]);
    expect(await positions({ types: ["other.happened"], after: 1 })).toEqual([[4], 7]);
    expect(await positions({ category: "thing", after: 2 })).toEqual([[3, 6, 7], 7]);
    expect(await positions({ after: 99 })).toEqual([[], 99]);
  });

  it("holds what is there when it begins, while appends go on", async () => {
    const broker = await hostOf("events");
    await append(broker, "thing-1", 2500);
    await append(broker, "other-1", 2500);
    for (const params of [{ to: to("all") }, { to: to("things"), category: "thing" }]) {
      const query = "category" in params ? { stream: { $regex: "^thing-" } } : {};
      const events: number = await broker.call("events.count", { query });
      const { head: position }: { head: number } = await broker.call("events.status");
      const state = { isDone: false };
      const job = exported(broker, params).finally(() => (state.isDone = true));
      for (let n = 0; !state.isDone; n++) await append(broker, `thing-more-${n}`, 2);
      expect(await job).toEqual({ path: params.to, events, position });
      expect(readFileSync(params.to, "utf8").split("\n")).toHaveLength(events + 1);
    }
  });

  it("is of old events as they are stored, not as today's catalogue reads them", async () => {
    const broker = await hostOf("events");
    await append(broker, "thing-1", 1, { old: 1 });
    await broker.stop();
    const upcasters = { 1: () => ({ fresh: 1 }) };
    const later = await hostOf("events", { events: { "thing.happened": { schemaVersion: 2, upcasters } } });
    await exported(later);
    expect(JSON.parse(linesIn()[0]!)).toMatchObject({ payload: { old: 1 } });
  });

  it("overwrites nothing, and knows its formats and params", async () => {
    const broker = await someHistory();
    write(["precious"]);
    expect(await refusal(() => exported(broker))).toMatchObject({ code: 422, data: [{ field: "to", actual: to() }] });
    expect(linesIn()).toEqual(["precious"]);
    expect(await refusal(() => exported(broker, { to: to("a"), format: "xml" }))).toMatchObject({
      type: "VALIDATION_ERROR",
      message: 'format: found "xml", expected one of events, cloudevents, flux',
    });
    expect(await refusal(() => exported(broker, { to: to("a"), since: 5 }))).toMatchObject({
      type: "VALIDATION_ERROR",
    });
    expect(await refusal(() => exported(broker, { to: `${to()}/a` }))).toMatchObject({ data: [{ field: "to" }] });
    expect(readdirSync(`${folder}/files`)).toEqual(["out.jsonl"]);
  });

  it("leaves nothing where the store is stopped meanwhile", async () => {
    const broker = await hostOf("events");
    await append(broker, "thing-1", 10_000);
    const job = refusal(() => exported(broker));
    await eventually(() => expect(existsSync(`${folder}/files`)).toBe(true));
    await broker.stop();
    expect(await job).toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(readdirSync(`${folder}/files`)).toEqual([]);
  });
});

describe.each([
  ["events", "copy"],
  ["cloudevents", "copy"],
  ["flux", "copy"],
  ["events", "memory"],
])("An import [%s into %s]", (format, file) => {
  it("makes an equal log, and stores once however often it is called", async () => {
    const source = await someHistory();
    await exported(source, { format });
    const target = await hostOf(file);
    expect(await imported(target, { format })).toEqual({
      events: 7,
      repeated: 0,
      position: 7,
      timesChanged: 0,
      processManagers: [],
    });
    expect(await readAll(target)).toEqual(await readAll(source));
    expect(await imported(target, { format })).toEqual({
      events: 0,
      repeated: 7,
      position: 7,
      timesChanged: 0,
      processManagers: [],
    });
    expect(await target.call("events.verify")).toMatchObject({ ok: true, position: 7 });
    // The source recognises its own exported events, too.
    expect(await imported(source, { format })).toEqual({
      events: 0,
      repeated: 7,
      position: 7,
      timesChanged: 0,
      processManagers: [],
    });
  });
});

describe("An import", () => {
  const event = (stream: string, version: number, more: object = {}) => ({
    id: v7(),
    type: "thing.happened",
    stream,
    version,
    position: 1,
    time: "2020-01-01T00:00:00.000Z",
    payload: { version },
    meta: { correlationId: "c", causationId: "c" },
    ...more,
  });

  it("hands its events to listeners and tables like any others", async () => {
    const heard: unknown[] = [];
    const note = (ctx: Context<RecordedEvent>) => void heard.push(ctx.params.payload);
    const broker = await hostOf("events", {}, { events: { "thing.happened": note } });
    write([event("thing-1", 1), event("thing-1", 2)]);
    await imported(broker);
    await eventually(() => expect(heard).toEqual([{ version: 1 }, { version: 2 }]));
  });

  it("goes on behind what is there, and keeps times as far as they do not go back", async () => {
    const broker = await someHistory();
    const last = (await readAll(broker)).at(-1)!;
    write([event("thing-1", 4), event("new-1", 1)]);
    expect(await imported(broker)).toEqual({
      events: 2,
      repeated: 0,
      position: 9,
      timesChanged: 2,
      processManagers: [],
    });
    expect((await readAll(broker)).slice(7)).toMatchObject([
      { stream: "thing-1", version: 4, position: 8, time: last.time },
      { stream: "new-1", version: 1, position: 9, time: last.time },
    ]);
  });

  it("takes events without numbers and time, of other systems, as they come", async () => {
    const broker = await hostOf("events");
    const { id } = event("a", 1);
    write([
      { id, type: "a.b", stream: "a", payload: 1 },
      { ...event("a", 2), position: undefined, time: undefined },
      "",
    ]);
    expect(await imported(broker)).toEqual({
      events: 2,
      repeated: 0,
      position: 2,
      timesChanged: 0,
      processManagers: [],
    });
    expect(await readAll(broker)).toMatchObject([{ version: 1, meta: { correlationId: id } }, { version: 2 }]);
  });

  it("keeps the framework's fields of an exported event", async () => {
    const broker = await hostOf("events");
    const command = { id: "c", name: "account.open" };
    const metas = [{ $causationDepth: 10_000, $command: { ...command, hash: "1:ab" }, own: 1 }, { $command: command }];
    write(metas.map((meta, index) => event("thing-1", index + 1, { meta })));
    await imported(broker);
    expect((await readAll(broker)).map(({ meta }) => meta)).toEqual(metas);
  });

  it("asks no catalogue: it is history", async () => {
    const events = { "thing.happened": { payload: { name: "string" }, schemaVersion: 2 } } as const;
    const broker = await hostOf("events", { events, unknownTypes: "refuse" });
    write([event("thing-1", 1), event("thing-1", 2, { type: "thing.unknown" })]);
    expect(await imported(broker)).toMatchObject({ events: 2 });
    expect(await eventsIn(broker.call("events.read", { raw: true }))).toMatchObject([{ payload: { version: 1 } }, {}]);
  });

  it.each<[string, object | string, number, string]>([
    ["no JSON", "{", 422, "line: found a string of 1 characters, expected JSON"],
    ["no object", "5", 422, "event: found a number, expected a recorded event: an object"],
    ["another format", { specversion: "1.0" }, 422, "specversion: found"],
    ["an unknown field", event("c", 1, { verison: 1 }), 422, 'verison: found "verison", expected one of id, type'],
    [
      "a newer format",
      event("c", 1, { $format: 2 }),
      422,
      "$format: found a number, expected 1: it was written by a newer version of moleculer-event-sourcing",
    ],
    ...(
      [
        [null, "null"],
        ["1", "a string of 1 characters"],
        [0, "a number"],
      ] as const
    ).map(([$format, found]): [string, object, number, string] => [
      `the format ${JSON.stringify($format)}`,
      event("c", 1, { $format }),
      422,
      `$format: found ${found}, expected the number 1`,
    ]),
    ["no type", event("c", 1, { type: undefined }), 422, "type: found undefined, expected 1 to 255"],
    ["a wrong version", event("c", 0), 422, "version: found a number, expected a whole number from 1"],
    ...[0, 1.5, true, 10_001, 1e9].map((depth): [string, object, number, string] => [
      `a depth of ${depth} that is no count of causes`,
      event("c", 1, { meta: { $causationDepth: depth } }),
      422,
      `meta.$causationDepth: found a ${typeof depth}, expected a whole number from 1 to 10000`,
    ]),
    ...[null, "c", [], { id: "c" }, { id: "c", name: 5 }, { id: "c", name: "n", tags: [] }].map(
      (command): [string, object, number, string] => [
        `a command that is no tag: ${JSON.stringify(command)}`,
        event("c", 1, { meta: { $command: command } }),
        422,
        "meta.$command: found",
      ],
    ),
    ...["$tags", "$keyId", "$forgotten", "$whatever", "$", "$fold"].map((name): [string, object, number, string] => [
      `the reserved name ${name} in meta`,
      event("c", 1, { meta: { [name]: true } }),
      422,
      `meta.${name}: found a boolean, expected no name that begins with "$", except $command and $causationDepth`,
    ]),
    ["a time to come", event("c", 1, { time: "9999-01-01" }), 422, "time: found"],
    ["a large payload", event("c", 1, { payload: "x".repeat(2000) }), 413, "payload: found 2041 bytes of JSON"],
    ["a very long line", `{"x":"${"x".repeat(100_000)}"}`, 422, "line: found more than"],
    ["a version that is not the next", event("a", 5), 409, 'stream "a": found version 1, expected 4'],
  ])("ends at a line with %s, and goes on there when it is mended", async (_, wrong, code, message) => {
    const broker = await hostOf("events", { maxEventBytes: 1000 });
    const [first, second, third, fourth] = [event("a", 1), event("b", 1), event("a", 2), event("b", 2)];
    write([first, second, wrong, third, fourth]);
    const error = await refusal(() => imported(broker));
    expect(error).toMatchObject({ type: "IMPORT_FAILED", code, data: { line: 3, stored: 2 } });
    expect(error.message).toContain(`line 3: ${message}`);
    expect(error.message).toContain("The lines before it are stored (2 of them now)");
    expect(await readAll(broker)).toMatchObject([first, second].map(({ id }) => ({ id })));
    write([first, second, third, fourth]);
    expect(await imported(broker)).toEqual({
      events: 2,
      repeated: 2,
      position: 4,
      timesChanged: 0,
      processManagers: [],
    });
  });

  it("refuses an id that is stored with other content", async () => {
    const broker = await hostOf("events");
    const first = event("a", 1);
    write([first, { ...first, payload: "another" }]);
    expect(await refusal(() => imported(broker))).toMatchObject({
      type: "IMPORT_FAILED",
      code: 409,
      data: { line: 2, type: "EVENT_ID_REUSED" },
    });
  });

  it("refuses bytes that are no UTF-8", async () => {
    const broker = await hostOf("events");
    mkdirSync(`${folder}/files`);
    writeFileSync(to(), Buffer.concat([Buffer.from(`${JSON.stringify(event("a", 1))}\n`), Buffer.from([0xff, 0x0a])]));
    expect(await refusal(() => imported(broker))).toMatchObject({ data: { line: 2, stored: 1 } });
  });

  it("refuses a file that is not there, a folder, and a format that it does not know", async () => {
    const broker = await hostOf("events");
    expect(await refusal(() => imported(broker))).toMatchObject({
      type: "VALIDATION_ERROR",
      message: `from: found "${to()}", expected a regular file that can be read (ENOENT)`,
    });
    expect(await refusal(() => imported(broker, { from: folder }))).toMatchObject({ data: [{ field: "from" }] });
    expect(await refusal(() => imported(broker, { format: "toString" }))).toMatchObject({
      data: [{ field: "format" }],
    });
  });

  it("stores nothing of an empty file", async () => {
    const broker = await hostOf("events");
    write(["", "  "]);
    expect(await imported(broker)).toEqual({
      events: 0,
      repeated: 0,
      position: 0,
      timesChanged: 0,
      processManagers: [],
    });
  });

  it("tells its progress on the broker, and in status, in commits of many lines", async () => {
    const heard: JobProgress[] = [];
    const note = (ctx: Context<JobProgress>) => void heard.push(ctx.params);
    const broker = await hostOf("events", {}, { events: { "$events.progress": note } });
    write(Array.from({ length: 4000 }, (_, n) => event("a", n + 1)));
    const total = readFileSync(to()).length;
    expect(await imported(broker)).toMatchObject({ events: 4000 });
    await eventually(() => expect(heard.at(-1)).toMatchObject({ job: "import", done: total, total, secondsLeft: 0 }));
    expect(heard.length).toBeLessThan(20);
    for (const { done, rate } of heard) expect([done <= total, rate > 0]).toEqual([true, true]);
    expect(await broker.call("events.status")).toMatchObject({ jobs: [] });
  });
});
