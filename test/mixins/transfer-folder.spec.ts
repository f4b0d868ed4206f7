import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, symlinkSync, writeFileSync } from "node:fs";
import { Aggregate, EventStore, ProcessManager, Subscription, type ImportAnswer } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

let folder: string;

beforeEach(() => {
  folder = newFolder();
});

const broker = (options: { adapter?: string; transferFolder?: string } = {}): Promise<ServiceBroker> => {
  const events = EventStore("events", { adapter: `sqlite:${folder}/data/events.db`, ...options });
  return startBroker([{ name: "thing", mixins: [events.mixin()] }]);
};

const event = (version: number, more: object = {}) => ({
  id: v7(),
  type: "thing.happened",
  stream: "thing-1",
  version,
  time: `2020-01-01T00:00:0${version}.000Z`,
  payload: {},
  meta: {},
  ...more,
});

const write = (path: string, ...lines: object[]) =>
  writeFileSync(path, lines.map((line) => `${JSON.stringify(line)}\n`).join(""));

describe("The transfer folder of a store", () => {
  it("is that of its file, and relative paths begin there", async () => {
    const node = await broker();
    expect(await node.call("events.export", { to: "a/out.jsonl" })).toMatchObject({
      path: `${folder}/data/a/out.jsonl`,
    });
    expect(await node.call("events.backup", { to: `${folder}/data/b/../copy.db` })).toMatchObject({
      path: `${folder}/data/copy.db`,
    });
    expect(await node.call("events.import", { from: "a/out.jsonl" })).toMatchObject({ events: 0 });
  });

  it("may be another one, for a log in memory as well", async () => {
    const node = await broker({ adapter: "memory:", transferFolder: `${folder}/transfers` });
    await node.call("events.export", { to: "out.jsonl" });
    expect(readdirSync(`${folder}/transfers`)).toEqual(["out.jsonl"]);
    expect(() => EventStore("others", { transferFolder: "" })).toThrow(
      'others.transferFolder: found "", expected the path of a folder',
    );
  });

  it.each(["../out", "a/../../out", "/etc/passwd", "/", "outside/out", "inside/../../out", "dangling/out", "a\0b"])(
    "is not left by %j",
    async (path) => {
      mkdirSync(`${folder}/data`);
      mkdirSync(`${folder}/elsewhere`);
      symlinkSync(`${folder}/elsewhere`, `${folder}/data/outside`);
      symlinkSync(`${folder}/nowhere`, `${folder}/data/dangling`);
      const node = await broker();
      for (const [action, field] of [
        ["import", "from"],
        ["export", "to"],
        ["backup", "to"],
      ] as const)
        expect(await refusal(() => node.call(`events.${action}`, { [field]: path }))).toMatchObject({
          code: 422,
          type: "VALIDATION_ERROR",
          data: [{ field }],
        });
      expect([existsSync(`${folder}/out`), existsSync(`${folder}/nowhere`)]).toEqual([false, false]);
      expect(readdirSync(`${folder}/elsewhere`)).toEqual([]);
    },
  );

  it("is named where it would be left", async () => {
    const node = await broker();
    expect((await refusal(() => node.call("events.import", { from: "/etc/passwd" }))).message).toBe(
      `from: found "/etc/passwd", expected a path in the folder ${folder}/data (the store's option transferFolder)`,
    );
  });
});

describe("The source of an import", () => {
  it("is a regular file: no link, no folder, and no FIFO that would never end", async () => {
    const node = await broker();
    execFileSync("mkfifo", [`${folder}/data/fifo`]);
    write(`${folder}/data/file`, event(1));
    symlinkSync(`${folder}/data/file`, `${folder}/data/link`);
    for (const from of ["fifo", "link", ".", "missing"])
      expect(await refusal(() => node.call("events.import", { from }))).toMatchObject({
        code: 422,
        data: [{ field: "from", expected: expect.stringContaining("a regular file that can be read") }],
      });
    expect(await node.call("events.import", { from: "file" })).toMatchObject({ events: 1 });
  });

  it("is not seen in an error", async () => {
    const node = await broker();
    const secret = "correct-horse-battery";
    const errors = [`PASSWORD=${secret}\n`, `"${secret}"`, `{"id":"${secret}"}`, `{"password":"${secret}"}`];
    for (const format of ["events", "cloudevents", "flux"])
      for (const content of [...errors, JSON.stringify(event(1, { time: secret, version: secret, meta: secret }))]) {
        writeFileSync(`${folder}/data/file`, content);
        const { message, data } = await refusal(() => node.call("events.import", { from: "file", format }));
        expect(message).toMatch(/^line 1: /);
        expect(message + JSON.stringify(data)).not.toContain(secret);
      }
  });

  it("is read no further once the store stops", async () => {
    const node = await broker();
    writeFileSync(`${folder}/data/file`, "\n".repeat(2 ** 27));
    const job = refusal(() => node.call("events.import", { from: "file" }));
    await eventually(async () => expect(await node.call("events.status")).toMatchObject({ jobs: [{ job: "import" }] }));
    await node.stop();
    expect(await job).toMatchObject({ type: "STORE_UNAVAILABLE", data: { why: "it is stopping" } });
  });
});

describe("The times of imported events", () => {
  const imported = (node: ServiceBroker, params: object = {}): Promise<ImportAnswer> =>
    node.call("events.import", { from: "file", ...params });

  it("are counted where the log has to change them", async () => {
    const node = await broker();
    write(`${folder}/data/file`, event(1), event(2), event(3));
    expect(await imported(node)).toMatchObject({ events: 3, timesChanged: 0 });
    await node.call("events.append", { stream: "live-1", events: [{ type: "live.happened", payload: {} }] });
    write(`${folder}/data/file`, event(4), event(5, { time: undefined }));
    expect(await imported(node)).toMatchObject({ events: 2, timesChanged: 1 });
    expect(await imported(node)).toMatchObject({ repeated: 2, timesChanged: 0 });
  });

  it("are refused where they are to come, unless they are to be stored as of now", async () => {
    const node = await broker();
    const time = new Date(Date.now() + 3_600_000).toISOString();
    write(`${folder}/data/file`, event(1), event(2, { time }), event(3));
    expect(await refusal(() => imported(node))).toMatchObject({
      type: "IMPORT_FAILED",
      code: 422,
      data: { line: 2, stored: 1, data: [{ field: "time", expected: expect.stringContaining("futureTimes: true") }] },
    });
    expect(await imported(node, { futureTimes: true })).toMatchObject({ events: 2, repeated: 1, timesChanged: 2 });
    write(`${folder}/data/file`, event(4, { time: new Date(Date.now() + 30_000).toISOString() }));
    expect(await imported(node)).toMatchObject({ events: 1, timesChanged: 1 });
  });
});

describe("The meta of an imported event", () => {
  it.each([
    ["events", (meta: object) => event(1, { meta })],
    ["flux", (meta: object) => ({ type: "a.b", payload: 1, meta: { id: v7(), stream: "a", meta } })],
    [
      "cloudevents",
      (meta: object) => ({
        specversion: "1.0",
        id: v7(),
        source: "s",
        type: "a.b",
        subject: "a",
        data: 1,
        meta: JSON.stringify(meta),
      }),
    ],
  ])("stays as it came [%s]", async (format, line) => {
    const node = await broker();
    for (const [index, meta] of [{}, { user: "ann" }].entries()) {
      write(`${folder}/data/file`, { ...line(meta), ...(format === "events" && { version: index + 1 }) });
      await node.call("events.import", { from: "file", format });
      const [stored] = await eventsIn(
        node.call<{ events: { meta: object }[] }, object>("events.read", { backward: true, limit: 1 }),
      );
      expect(stored!.meta).toEqual(meta);
    }
    await node.call("events.export", { to: "again", format });
    const copy = await startBroker([
      {
        name: "copy",
        mixins: [EventStore("copies", { adapter: "memory:", transferFolder: `${folder}/data` }).mixin()],
      },
    ]);
    await copy.call("copies.import", { from: "again", format });
    expect(await eventsIn(copy.call("copies.read"))).toEqual(await eventsIn(node.call("events.read")));
  });
});

describe("An imported event without ids in its meta", () => {
  it("is handled by listeners, tables, subscriptions and process managers", async () => {
    const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const heard: string[] = [];
    const table = Aggregate("table", { eventStore: events, fields: { n: "integer" } })
      .on("thing.happened")
      .create("thing.transform");
    const subscription = Subscription("subscription", {
      eventStore: events,
      on: { "thing.happened": "thing.handle" },
    });
    const manager = ProcessManager("manager", {
      eventStore: events,
      correlate: ({ stream }) => stream,
      on: { "thing.happened": (_, { call }) => call("thing.store") },
    });
    const node = await startBroker([
      {
        name: "thing",
        mixins: [events.mixin(), table.mixin(), subscription.mixin(), manager.mixin()],
        events: { "thing.happened": () => void heard.push("listener") },
        actions: {
          transform: () => ({ n: 1 }),
          handle: () => void heard.push("subscription"),
          store: events.mapAction("thing.followed", { stream: () => "followed" }),
        },
      },
    ]);
    write(`${folder}/file`, event(1));
    await node.call("events.import", { from: "file" });
    await eventually(async () => {
      expect(heard.toSorted()).toEqual(["listener", "subscription"]);
      expect(await node.call("table.find", { fields: ["n"] })).toEqual([{ n: 1 }]);
      expect(await eventsIn(node.call("events.read", { stream: "followed" }))).toMatchObject([
        { meta: { $causationDepth: 1, correlationId: expect.any(String) as string } },
      ]);
    });
    for (const consumer of ["table", "subscription", "manager"])
      expect(await caughtUp(node, consumer)).toMatchObject({ state: "live", parked: 0 });
  });
});

describe("An import into a store with process managers", () => {
  it("names those that are not paused", async () => {
    const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const manager = (name: string) =>
      ProcessManager(name, {
        eventStore: events,
        correlate: ({ stream }) => stream,
        on: { "thing.happened": (_, { end }) => end() },
      });
    const node = await startBroker([
      { name: "thing", mixins: [events.mixin(), manager("reminders").mixin(), manager("billing").mixin()] },
    ]);
    write(`${folder}/file`, event(1));
    await node.call("billing.pause");
    await caughtUp(node, "reminders");
    expect(await node.call("events.import", { from: "file" })).toMatchObject({ processManagers: ["reminders"] });
    await node.call("reminders.pause");
    expect(await node.call("events.import", { from: "file" })).toMatchObject({ processManagers: [] });
  });
});
