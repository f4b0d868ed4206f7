import { existsSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import {
  Aggregate,
  EventStore,
  type AggregateOptions,
  type FieldsInput,
  type Manifest,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { BrokerOptions, ServiceBroker, ServiceSchema } from "moleculer";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { all, fieldsOf } from "../../testing/read-table/table-fixture.ts";
import { openFilesBelow } from "../adapters/open-files.ts";
import { describeWhereMountable, makeReadOnly, mount, unmount } from "../support/small-disk.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const fields = { n: { type: "integer", index: true }, sum: "integer", text: "string" } satisfies FieldsInput;
type Options = Partial<AggregateOptions<Record<string, { n: number }>, typeof fields>>;
type Counted = RecordedEvent<string, { n: number }>;

/** A table in which each row contains the sum of all events up to its own. */
function sums(
  folder: string,
  options: Options = {},
  hosts: { store?: boolean; rowBytes?: number } = {},
): ServiceSchema {
  const { store: host = true, rowBytes = 0 } = hosts;
  const adapter = `sqlite:${folder}/events.db`;
  const events = EventStore<Record<string, { n: number }>>("events", { adapter, ...(!host && { host }) });
  const table = Aggregate("sums", { eventStore: events, fields, ...options })
    .on("thing.**")
    .create(async ({ id, position, payload: { n } }, { find }) => {
      const [last] = await find({ sort: "-n", limit: 1 });
      return { id, n: position, sum: (last?.sum ?? 0) + n, text: "x".repeat(rowBytes) };
    });
  return { name: "things", mixins: [events.mixin(), table.mixin()] };
}

const append = (broker: ServiceBroker, count: number) =>
  broker.call("events.append", {
    stream: "thing-1",
    events: Array.from({ length: count }, (_, n) => ({ type: "thing.counted", payload: { n } })),
  });
const snapshot = (broker: ServiceBroker, params: object = {}): Promise<Manifest> =>
  broker.call("sums.snapshot", params);
const snapshots = (broker: ServiceBroker): Promise<Manifest[]> => broker.call("sums.snapshots");
const history = (broker: ServiceBroker): Promise<RecordedEvent[]> =>
  eventsIn(broker.call("events.read", { stream: "$table-sums", limit: 10_000 }));
const kindsOf = async (broker: ServiceBroker, id: string) =>
  (await history(broker))
    .filter(({ payload }) => payload["id"] === id)
    .map(({ type }) => type.slice("$snapshot.".length));

/** The expected rows of a snapshot: the sums of the events up to its position, computed with a plain loop. */
async function plainSums(broker: ServiceBroker, position: number): Promise<object[]> {
  const events: Counted[] = [];
  for (
    let page: Counted[];
    (page = await eventsIn(broker.call("events.read", { after: events.at(-1)?.position ?? 0, limit: 1000 }))).length >
    0;
  )
    events.push(...page);
  let sum = 0;
  return events
    .filter((event) => event.position <= position && event.type === "thing.counted")
    .map(({ id, position: n, payload }) => ({ id, n, sum: (sum += payload.n) }));
}

/** The rows of a snapshot, restored elsewhere. */
async function rowsIn(folder: string, { id, checksum }: Manifest): Promise<object[]> {
  const table = new SqliteReadTable(join(newFolder(), "elsewhere.db"));
  await table.open(fieldsOf(fields));
  try {
    const restored = await table.restore(join(folder, id, "table"), checksum, "");
    const rows = await restored.rows.find({ ...all, sort: [{ field: "n", path: [], descending: false }] });
    return rows.map(({ id: rowId, n, sum }) => ({ id: rowId, n, sum }));
  } finally {
    await table.close();
  }
}

describe("The action snapshot", () => {
  it("puts a snapshot beside the table's file, and into the history", async () => {
    const folder = newFolder();
    const broker = await startBroker([sums(folder)]);
    await append(broker, 10);
    await caughtUp(broker, "sums");
    const manifest = await snapshot(broker);
    expect(manifest).toMatchObject({
      table: "sums",
      node: broker.nodeID,
      position: 10,
      rows: 10,
      reordered: false,
    });
    expect(await snapshots(broker)).toEqual([manifest]);
    expect(await rowsIn(join(folder, "sums/snapshots"), manifest)).toEqual(await plainSums(broker, 10));
    const [started, completed] = await history(broker);
    expect(started).toMatchObject({
      type: "$snapshot.started",
      position: 11,
      payload: { id: manifest.id, table: "sums", node: broker.nodeID },
    });
    expect(completed).toMatchObject({ type: "$snapshot.completed", position: 12, payload: manifest });
    expect(await broker.call("$sums.proveSnapshot", { id: manifest.id }, spoken)).toEqual(manifest);
    const second = await snapshot(broker, { keep: "1" });
    expect(await snapshots(broker)).toEqual([second]);
  });

  it("is of one moment of the log while appends, folds and reads go on", async () => {
    const folder = newFolder();
    const broker = await startBroker([
      sums(folder, { snapshots: { folder: join(folder, "mine") } }, { rowBytes: 500 }),
    ]);
    const state = { isOver: false };
    const appending = (async () => {
      while (!state.isOver) await append(broker, 20);
    })();
    const reading = (async () => {
      while (!state.isOver) {
        const rows: { sum: number }[] = await broker.call("sums.find", { sort: "-n", limit: 2 });
        expect(rows[0]?.sum ?? 0).toBeGreaterThanOrEqual(rows[1]?.sum ?? 0);
        // A query alone never yields to the event loop.
        await new Promise((turn) => setImmediate(turn));
      }
    })();
    const taken: Manifest[] = [];
    const moments = () => new Set(taken.map(({ position }) => position)).size;
    while (taken.length < 4 || moments() < 2) taken.push(await snapshot(broker));
    state.isOver = true;
    await Promise.all([appending, reading]);
    for (const manifest of taken) {
      const rows = await rowsIn(join(folder, "mine", "sums"), manifest);
      expect(rows).toEqual(await plainSums(broker, manifest.position));
      expect(rows).toHaveLength(manifest.rows);
    }
  });

  it.each([
    [{ snapshots: false } as const, "snapshots: false"],
    [{ adapter: "memory:" }, "memory"],
  ])("is refused where there is no place for snapshots: %j", async (options, why) => {
    const broker = await startBroker([sums(newFolder(), options)]);
    for (const action of ["sums.snapshot", "sums.snapshots", "$sums.snapshotsHere"]) {
      const error = await refusal(() => broker.call(action, {}, spoken));
      expect(error).toMatchObject({ type: "SNAPSHOTS_NOT_CONFIGURED", code: 409, data: { table: "sums" } });
      expect(error.message).toContain(why);
      expect(error.message).toContain("snapshots: { folder }");
    }
    expect((await refusal(() => broker.call("$sums.proveSnapshot", { id: "x" }, spoken))).type).toBe(
      "SNAPSHOTS_NOT_CONFIGURED",
    );
    expect(await history(broker)).toEqual([]);
  });

  it("keeps a table in memory in a folder that is given", async () => {
    const folder = newFolder();
    const broker = await startBroker([sums(folder, { adapter: "memory:", snapshots: { folder, keep: 1 } })]);
    await append(broker, 3);
    await caughtUp(broker, "sums");
    await snapshot(broker);
    const { id, rows } = await snapshot(broker);
    expect(rows).toBe(3);
    expect(readdirSync(join(folder, "sums"))).toEqual([id]);
  });

  it.each([{ keep: 0 }, { keep: 1.5 }, { keep: "all" }, { to: "../elsewhere" }, { id: "../x" }])(
    "refuses params that mean nothing: %j",
    async (params) => {
      const folder = newFolder();
      const broker = await startBroker([sums(folder)]);
      await expect(snapshot(broker, params)).rejects.toMatchObject({ code: 422, type: "VALIDATION_ERROR" });
      expect(existsSync(join(folder, "sums/snapshots"))).toBe(false);
    },
  );

  it("is not published by an API gateway by default", async () => {
    const broker = await startBroker([sums(newFolder(), { actions: { snapshot: { visibility: "protected" } } })]);
    const { snapshot: narrowed, snapshots: listed } = broker.getLocalService("sums").schema.actions ?? {};
    expect(narrowed).toMatchObject({ visibility: "protected" });
    expect(listed).toMatchObject({ visibility: "public" });
    expect(listed).not.toHaveProperty("rest");
  });
});

describe("The option snapshots", () => {
  it.each([
    [true, "sums.snapshots"],
    ["here", "sums.snapshots"],
    [null, "sums.snapshots"],
    [[], "sums.snapshots"],
    [{ folder: "" }, "sums.snapshots.folder"],
    [{ folder: 7 }, "sums.snapshots.folder"],
    [{ folder: "a\0b" }, "sums.snapshots.folder"],
    [{ keep: 0 }, "sums.snapshots.keep"],
    [{ keep: "2" }, "sums.snapshots.keep"],
    [{ keep: 1.5 }, "sums.snapshots.keep"],
    [{ place: "here" }, "sums.snapshots.place"],
  ])("is refused where it means nothing: %j", async (snapshots, field) => {
    const options = { snapshots } as Options;
    expect(await refusal(() => sums(newFolder(), options))).toMatchObject({
      name: "DefinitionError",
      data: [{ field }],
    });
  });
});

describe("The snapshots of several nodes", () => {
  it("are listed together, each with its node", async () => {
    const namespace = `snapshots-${process.pid}`;
    const start = (nodeID: string, service: ServiceSchema) => {
      const options: BrokerOptions = { nodeID, namespace, transporter: "Fake" };
      return startBroker([service], options);
    };
    const [a, b] = [newFolder(), newFolder()];
    const first = await start("first", sums(a));
    const second = await start("second", sums(b, {}, { store: false }));
    await append(first, 5);
    await first.waitForServices("sums");
    await eventually(async () => {
      const on = (nodeID: string) => first.call<Manifest, object>("sums.snapshot", {}, { nodeID });
      await Promise.all([caughtUp(first, "sums"), caughtUp(second, "sums")]);
      expect([(await on("first")).node, (await on("second")).node]).toEqual(["first", "second"]);
    });
    const listed = await snapshots(second);
    expect(listed).toEqual(await snapshots(first));
    expect(new Set(listed.map(({ node }) => node))).toEqual(new Set(["first", "second"]));
    expect(listed.map(({ id }) => id)).toEqual(listed.map(({ id }) => id).toSorted());
  });
});

describe("A broker that stops in the middle of a snapshot", () => {
  it("leaves nothing open and nothing half, and the history knows at the next start", async () => {
    const folder = newFolder();
    const broker = await startBroker([sums(folder, {}, { rowBytes: 10_000 })]);
    for (let n = 0; n < 10; n++) await append(broker, 100);
    await caughtUp(broker, "sums");
    const place = join(folder, "sums/snapshots");
    const taken = refusal(() => snapshot(broker));
    const waiting = refusal(() => snapshot(broker));
    await eventually(() => expect(readdirSync(place)).toHaveLength(1));
    const [id = ""] = readdirSync(place);
    await eventually(() => expect(readdirSync(join(place, id, "table"))).toContain("table.db"));
    await broker.stop();
    expect(openFilesBelow(folder)).toEqual([]);
    for (const refused of [taken, waiting])
      expect(await refused).toMatchObject({ type: "STORE_UNAVAILABLE", message: "sums: is stopping" });
    expect(existsSync(join(place, id, "table"))).toBe(false);
    await broker.start();
    await eventually(async () => expect(await kindsOf(broker, id)).toEqual(["started", "failed"]));
    await eventually(() => expect(readdirSync(place)).toEqual([]));
    expect((await snapshot(broker)).rows).toBe(1000);
  });
});

describe("A snapshot that cannot be written", () => {
  it("is refused for its own reason, and the table goes on", async () => {
    const folder = newFolder();
    mkdirSync(join(folder, "mine"));
    writeFileSync(join(folder, "mine", "sums"), "a file");
    const broker = await startBroker([sums(folder, { snapshots: { folder: join(folder, "mine") } })]);
    await append(broker, 3);
    expect(await refusal(() => snapshot(broker))).toMatchObject({ type: "UNUSABLE_STORE", code: 500 });
    await append(broker, 3);
    await caughtUp(broker, "sums");
    expect(await broker.call("sums.count")).toBe(6);
    expect(await history(broker)).toEqual([]);
  });
});

describeWhereMountable("A disk for snapshots (skipped where no tmpfs can be mounted)", () => {
  let disk: string;

  beforeEach(() => mount((disk = newFolder()), "1m"));
  afterEach(() => unmount(disk));

  it.each(["sqlite", "memory:"])("that is full refuses one, and nothing half is left on it [%s]", async (engine) => {
    const options = { snapshots: { folder: disk }, ...(engine === "memory:" && { adapter: engine }) };
    const broker = await startBroker([sums(newFolder(), options, { rowBytes: 10_000 })]);
    await append(broker, 10);
    await caughtUp(broker, "sums");
    const first = await snapshot(broker);
    await append(broker, 300);
    await caughtUp(broker, "sums");
    const error = await refusal(() => snapshot(broker));
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    expect(error.message).toContain("the disk is full");
    expect(readdirSync(join(disk, "sums"))).toEqual([first.id]);
    expect(await snapshots(broker)).toEqual([first]);
    expect((await history(broker)).at(-1)).toMatchObject({
      type: "$snapshot.failed",
      payload: { error: expect.stringContaining("the disk is full") },
    });
    expect(await broker.call("sums.count")).toBe(310);
    await broker.stop();
    expect(openFilesBelow(disk)).toEqual([]);
  });

  it("that cannot be written refuses one, and those on it are still listed", async () => {
    const broker = await startBroker([sums(newFolder(), { snapshots: { folder: disk } })]);
    await append(broker, 3);
    const first = await snapshot(broker);
    makeReadOnly(disk);
    expect(await refusal(() => snapshot(broker))).toMatchObject({ type: "UNUSABLE_STORE", code: 500 });
    expect(await snapshots(broker)).toEqual([first]);
    await broker.stop();
    await broker.start();
    expect(await snapshots(broker)).toEqual([first]);
    await caughtUp(broker, "sums");
    expect(await broker.call("sums.count")).toBe(3);
  });
});
