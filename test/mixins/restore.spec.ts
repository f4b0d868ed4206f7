import { cpSync, readdirSync, readFileSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Context, Middleware, Service, ServiceBroker, ServiceSchema } from "moleculer";
import {
  Aggregate,
  EventStore,
  type AggregateStatus,
  type FieldsInput,
  type Manifest,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { openFilesBelow } from "../adapters/open-files.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { describeWhereMountable, mount, unmount } from "../support/small-disk.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const engines: [engine: string, places: (folder: string) => { log: string; table: string }][] = [
  ["SQLite", (folder) => ({ log: `sqlite:${folder}/events.db`, table: `sqlite:${folder}/sums.db` })],
  ["memory with a folder", (folder) => ({ log: `memory:${folder}/events`, table: `memory:${folder}/sums` })],
];

const onlyNumbers: FieldsInput = { n: { type: "integer", index: true }, sum: "integer" };

interface Definition {
  name?: string;
  version?: number;
  fields?: FieldsInput;
  /** Awaited in the transform of each event. */
  hook?: (event: RecordedEvent) => unknown;
  textBytes?: number;
}

/** A table in which each row contains the sum of all events up to its own. */
function sums(places: { log: string; table: string }, folder: string, definition: Definition = {}): ServiceSchema {
  const { name = "sums", version = 1, fields = onlyNumbers, hook, textBytes } = definition;
  const events = EventStore<Record<string, { n: number }>>("events", { adapter: places.log });
  const table = Aggregate<Record<string, { n: number }>>(name, {
    eventStore: events,
    adapter: name === "sums" ? places.table : `${places.table}-${name}`,
    fields,
    definitionVersion: version,
    snapshots: { folder: join(folder, "snapshots") },
    onError: { retries: 0 },
  })
    .on("thing.**")
    .create(async (event, { find }) => {
      await hook?.(event);
      const [last] = await find({ sort: "-n", limit: 1 });
      const text = textBytes && { text: "x".repeat(textBytes) };
      return { id: event.id, n: event.position, sum: Number(last?.["sum"] ?? 0) + event.payload.n, ...text };
    });
  return { name: `things of ${name}`, mixins: [events.mixin(), table.mixin()] };
}

const append = (broker: ServiceBroker, count: number) =>
  broker.call("events.append", {
    stream: "thing-1",
    events: Array.from({ length: count }, (_, n) => ({ type: "thing.counted", payload: { n: n + 1 } })),
  });
const snapshot = (broker: ServiceBroker): Promise<Manifest> => broker.call("sums.snapshot");
const statusOf = (broker: ServiceBroker): Promise<AggregateStatus> => broker.call("sums.status");
const rowsOf = (broker: ServiceBroker): Promise<object[]> => broker.call("sums.find", { sort: "n" });

/** The rows computed with a plain loop over the log, up to a position. */
async function plainSums(broker: ServiceBroker, position = Infinity): Promise<object[]> {
  const log: RecordedEvent<string, { n: number }>[] = await eventsIn(broker.call("events.read", { limit: 10_000 }));
  let sum = 0;
  return log
    .filter((event) => event.position <= position && event.type === "thing.counted")
    .map(({ id, position: n, payload }) => ({ id, n, sum: (sum += payload.n) }));
}

/** All that a refused request must not change. */
async function contentOf(broker: ServiceBroker): Promise<object> {
  const { state, paused, position, rebuilding } = await statusOf(broker);
  return { state, paused, position, rebuilding, rows: await rowsOf(broker) };
}

function flipByteIn(file: string): void {
  const bytes = readFileSync(file);
  const middle = bytes.length >> 1;
  bytes[middle] = bytes[middle]! ^ 1;
  writeFileSync(file, bytes);
}

/** Holds the transform of the event at a position from `arm` until it is released. */
class Gate {
  readonly #at: number;
  readonly #reached = Promise.withResolvers<void>();
  readonly #open = Promise.withResolvers<void>();
  #isArmed = false;

  constructor(at: number) {
    this.#at = at;
  }

  get reached(): Promise<void> {
    return this.#reached.promise;
  }

  arm(): void {
    this.#isArmed = true;
  }

  open(): void {
    this.#open.resolve();
  }

  readonly hook = async ({ position }: RecordedEvent): Promise<void> => {
    if (!this.#isArmed || position !== this.#at) return;
    this.#reached.resolve();
    await this.#open.promise;
  };
}

describe.each(engines)("Going back to a snapshot on %s", (_engine, placesIn) => {
  let folder: string;
  beforeEach(() => void (folder = newFolder()));

  const start = (definition?: Definition) => startBroker([sums(placesIn(folder), folder, definition)]);
  /** The table's files. */
  const tableFiles = () => readdirSync(folder).filter((file) => /^sums\.\d+\.db$/.test(file));
  const dataOf = ({ id }: Manifest) => {
    const at = join(folder, "snapshots", "sums", id, "table");
    return join(at, readdirSync(at)[0]!);
  };

  /** Three events, a snapshot of them, two events more. */
  async function withSnapshot(definition?: Definition): Promise<{ broker: ServiceBroker; taken: Manifest }> {
    const broker = await start(definition);
    await append(broker, 3);
    await caughtUp(broker, "sums");
    const taken = await snapshot(broker);
    await append(broker, 2);
    await caughtUp(broker, "sums");
    return { broker, taken };
  }

  it("puts its rows in place and stays there until it is resumed", async () => {
    const { broker, taken } = await withSnapshot();
    const answer = await broker.call("sums.restore", { snapshotId: taken.id });
    expect(answer).toEqual({
      requestId: expect.any(String),
      kind: "restore",
      snapshotId: taken.id,
      position: 3,
      paused: true,
    });
    await append(broker, 1);
    expect(await statusOf(broker)).toMatchObject({ state: "paused", position: 3, rebuilding: null });
    expect(await rowsOf(broker)).toEqual(await plainSums(broker, 3));
    await broker.call("sums.resume");
    await caughtUp(broker, "sums");
    expect(await rowsOf(broker)).toEqual(await plainSums(broker));
    expect(await rowsOf(broker)).toHaveLength(6);
  });

  it("keeps a paused table paused, and resume goes on from there", async () => {
    const { broker, taken } = await withSnapshot();
    await broker.call("sums.pause");
    await broker.call("sums.restore", { snapshotId: taken.id });
    expect(await statusOf(broker)).toMatchObject({ state: "paused", position: 3 });
    await broker.call("sums.resume");
    await caughtUp(broker, "sums");
    expect(await rowsOf(broker)).toEqual(await plainSums(broker));
  });

  it("with replay folds what came since, also after a restore", async () => {
    const { broker, taken } = await withSnapshot();
    await broker.call("sums.restore", { snapshotId: taken.id });
    await append(broker, 2);
    const { head }: { head: number } = await broker.call("events.status");
    const answer = await broker.call("sums.replay", { snapshotId: taken.id });
    expect(answer).toEqual({ requestId: expect.any(String), kind: "replay", snapshotId: taken.id, position: head });
    expect(await rowsOf(broker)).toEqual(await plainSums(broker));
    await append(broker, 1);
    await caughtUp(broker, "sums");
    expect(await statusOf(broker)).toMatchObject({ state: "live", paused: false });
    expect(await rowsOf(broker)).toEqual(await plainSums(broker));
    expect(await broker.call("sums.verify")).toMatchObject({ ok: true, rows: 8 });
  });

  it("is where it was after a restart, paused", async () => {
    const { broker, taken } = await withSnapshot();
    await broker.call("sums.restore", { snapshotId: taken.id });
    await broker.stop();
    const again = await start();
    await eventually(async () => expect(await statusOf(again)).toMatchObject({ state: "paused", position: 3 }));
    expect(await rowsOf(again)).toEqual(await plainSums(again, 3));
    await again.call("sums.resume");
    await caughtUp(again, "sums");
    expect(await rowsOf(again)).toEqual(await plainSums(again));
  });

  describe.each(["restore", "replay"])("by %s", (action) => {
    /** Expects a refusal, whether the table is paused or not, and no change; returns the error. */
    async function refused(broker: ServiceBroker, params: object) {
      let error: Awaited<ReturnType<typeof refusal>> | undefined;
      for (const order of ["pause", "resume"]) {
        await broker.call(`sums.${order}`);
        const isPaused = order === "pause";
        await eventually(async () => expect((await statusOf(broker)).state).toBe(isPaused ? "paused" : "live"));
        const before = await contentOf(broker);
        error = await refusal(() => broker.call(`sums.${action}`, params));
        await eventually(async () => expect(await contentOf(broker)).toEqual(before));
      }
      expect(tableFiles().length).toBeLessThanOrEqual(1);
      await append(broker, 1);
      await caughtUp(broker, "sums");
      expect(await rowsOf(broker)).toEqual(await plainSums(broker));
      expect(await broker.call("$sums.building", {}, spoken)).toBeNull();
      return error!;
    }

    it.each(["01890000-0000-7000-8000-000000000000", "../sums", "", "nonsense"])(
      "is refused where there is no such snapshot: %j",
      async (snapshotId) => {
        const { broker } = await withSnapshot();
        expect(await refused(broker, { snapshotId })).toMatchObject({
          type: "UNKNOWN_SNAPSHOT",
          code: 404,
          data: { table: "sums" },
        });
      },
    );

    it("is refused where it is another table's", async () => {
      const { broker } = await withSnapshot();
      broker.createService(sums(placesIn(folder), folder, { name: "others" }));
      await broker.waitForServices("others", 20_000, 5);
      const { id }: Manifest = await broker.call("others.snapshot");
      expect(await refusal(() => broker.call(`sums.${action}`, { snapshotId: id }))).toMatchObject({ code: 404 });
      cpSync(join(folder, "snapshots", "others", id), join(folder, "snapshots", "sums", id), { recursive: true });
      expect(await refused(broker, { snapshotId: id, force: true })).toMatchObject({
        type: "SNAPSHOT_MISMATCH",
        code: 409,
        data: { field: "table", actual: "others", expected: "sums" },
      });
    });

    it("is refused where a byte of its manifest or of its data has changed", async () => {
      const { broker, taken } = await withSnapshot();
      const other = await snapshot(broker);
      flipByteIn(join(folder, "snapshots", "sums", taken.id, "manifest.json"));
      flipByteIn(dataOf(other));
      for (const { id } of [taken, other])
        for (const force of [false, true])
          expect(await refused(broker, { snapshotId: id, force })).toMatchObject({
            type: "SNAPSHOT_DAMAGED",
            code: 500,
          });
    });

    it("is refused where it is of another definition, saying what differs; force converts it", async () => {
      const { broker: first, taken } = await withSnapshot();
      await first.stop();
      const fields: FieldsInput = { n: "integer", sum: "integer", text: "string" };
      const broker = await start({ fields, version: 2, textBytes: 1 });
      await eventually(async () => expect(await statusOf(broker)).toMatchObject({ stale: false, lag: 0 }));
      const before = await contentOf(broker);
      const error = await refusal(() => broker.call(`sums.${action}`, { snapshotId: taken.id }));
      expect(error).toMatchObject({ type: "SNAPSHOT_MISMATCH", code: 409, data: { field: "definition" } });
      for (const change of ["fields.text", "definitionVersion", "force: true"]) expect(error.message).toContain(change);
      expect(await contentOf(broker)).toEqual(before);
      await broker.call(`sums.${action}`, { snapshotId: taken.id, force: true });
      const plain = (await plainSums(broker)).map((row, index) => ({ ...row, text: index < 3 ? null : "x" }));
      expect(await rowsOf(broker)).toEqual(action === "restore" ? plain.slice(0, 3) : plain);
      await broker.call("sums.resume");
      await caughtUp(broker, "sums");
      expect(await rowsOf(broker)).toEqual(plain);
      // The past is folded by today's definition, which never produces a converted row.
      await snapshot(broker);
      const { head } = await statusOf(broker);
      expect(await broker.call("sums.at", { position: head, sort: "n" })).toMatchObject({
        rows: plain.map((row) => ({ ...row, text: "x" })),
      });
    });

    it("is refused while a new table is built", async () => {
      const gate = new Gate(2);
      const { broker, taken } = await withSnapshot(gate);
      gate.arm();
      const rebuilt: Promise<{ requestId: string }> = broker.call("sums.rebuild");
      await gate.reached;
      expect(await refusal(() => broker.call(`sums.${action}`, { snapshotId: taken.id }))).toMatchObject({
        type: "REBUILD_RUNNING",
        code: 409,
        data: { kind: "rebuild" },
      });
      expect(await rowsOf(broker)).toEqual(await plainSums(broker));
      gate.open();
      await rebuilt;
      expect(await rowsOf(broker)).toEqual(await plainSums(broker));
    });
  });

  it.each([false, true])("is ended by cancel, with table and pause as they were [paused: %p]", async (isPaused) => {
    const gate = new Gate(6);
    const { broker, taken } = await withSnapshot(gate);
    if (isPaused) await broker.call("sums.pause");
    const before = await contentOf(broker);
    gate.arm();
    const replayed = refusal(() => broker.call("sums.replay", { snapshotId: taken.id }));
    await gate.reached;
    expect(await rowsOf(broker)).toEqual(await plainSums(broker));
    for (const [action, params] of [["rebuild"], ["replay", { snapshotId: taken.id }]] as const)
      expect(await refusal(() => broker.call(`sums.${action}`, params))).toMatchObject({
        type: "REBUILD_RUNNING",
        data: { kind: "replay", snapshotId: taken.id },
      });
    const cancelled = broker.call("sums.cancel");
    gate.open();
    // The events folded in the meantime may have been all of them.
    expect(await cancelled).toEqual({ cancelled: expect.any(String) });
    expect(await replayed).toMatchObject({ type: "REBUILD_FAILED", code: 409 });
    await eventually(async () => expect(await contentOf(broker)).toEqual(before));
    expect(tableFiles().length).toBeLessThanOrEqual(1);
    await broker.call("sums.replay", { snapshotId: taken.id });
    expect(await rowsOf(broker)).toEqual(await plainSums(broker));
  });

  it.each([
    { action: "restore", isPaused: false },
    { action: "replay", isPaused: true },
  ])("by $action is not undone by a cancel that comes too late", async ({ action, isPaused }) => {
    const restored = Promise.withResolvers<void>();
    let cancelled: Promise<unknown> = Promise.resolve("nobody has asked");
    let isLate = false;
    /** The request completes between the cancel's check and its write. */
    const late: Middleware = {
      localAction: (next, { name }) =>
        name !== "$events.control"
          ? next
          : async function (this: Service, ctx: Context) {
              const { change } = ctx.params as { change: object };
              if ("endBuild" in change) {
                isLate = true;
                await restored.promise;
              }
              const answer: unknown = await next.call(this, ctx);
              if ("build" in change) cancelled = broker.call("sums.cancel");
              return answer;
            },
    };
    const broker = await startBroker([sums(placesIn(folder), folder)], { middlewares: [late] });
    await append(broker, 2);
    await caughtUp(broker, "sums");
    const taken = await snapshot(broker);
    await append(broker, 2);
    if (isPaused) await broker.call("sums.pause");
    await broker.call(`sums.${action}`, { snapshotId: taken.id });
    restored.resolve();
    expect(await cancelled).toEqual({ cancelled: null });
    expect(isLate).toBe(true);
    const paused = action === "restore";
    expect(await statusOf(broker)).toMatchObject({ paused });
    expect(await rowsOf(broker)).toEqual(await plainSums(broker, paused ? 2 : undefined));
  });

  it("with wait: false answers at once with its job", async () => {
    const gate = new Gate(6);
    const { broker, taken } = await withSnapshot(gate);
    gate.arm();
    const params = { snapshotId: taken.id, wait: false };
    const job: { requestId: string } = await broker.call("sums.replay", params);
    expect(job).toEqual({ requestId: expect.any(String), kind: "replay", snapshotId: taken.id });
    await gate.reached;
    expect(await statusOf(broker)).toMatchObject({ rebuilding: { done: 3 } });
    gate.open();
    await broker.call("$sums.built", { requestId: job.requestId }, spoken);
    expect(await statusOf(broker)).toMatchObject({ rebuilding: null });
    expect(await rowsOf(broker)).toEqual(await plainSums(broker));
  });
});

describeWhereMountable("A disk that gets full (skipped where no tmpfs can be mounted)", () => {
  let disk: string;

  beforeEach(() => mount((disk = newFolder()), "16m"));
  afterEach(() => unmount(disk));

  it("fails a rebuild and each way back, the live table stays, and they work when there is room", async () => {
    const folder = newFolder();
    const fields: FieldsInput = { ...onlyNumbers, text: "string" };
    const places = { log: `sqlite:${folder}/events.db`, table: `sqlite:${disk}/sums.db` };
    const broker = await startBroker([sums(places, folder, { fields, textBytes: 10_000 })]);
    for (let n = 0; n < 3; n++) await append(broker, 100);
    await caughtUp(broker, "sums");
    const { id: snapshotId } = await snapshot(broker);
    await append(broker, 3);
    await caughtUp(broker, "sums");
    await broker.call("sums.pause");
    const before = await contentOf(broker);
    const ballast = fillUp(disk, 1_000_000);
    const files = readdirSync(disk);
    for (const [action, params] of [
      ["rebuild", {}],
      ["restore", { snapshotId }],
      ["replay", { snapshotId }],
    ] as const) {
      const error = await refusal(() => broker.call(`sums.${action}`, params));
      expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503 });
      expect(error.message).toContain("full");
      await eventually(async () => expect(await contentOf(broker)).toEqual(before));
      expect(readdirSync(disk)).toEqual(files);
    }
    rmSync(ballast);
    await broker.call("sums.replay", { snapshotId });
    await broker.call("sums.rebuild");
    await caughtUp(broker, "sums");
    expect(await broker.call("sums.verify")).toMatchObject({ ok: true, rows: 303 });
    await broker.stop();
    expect(openFilesBelow(disk)).toEqual([]);
  });
});

/** Writes a file that leaves this many bytes of the disk. */
function fillUp(disk: string, left: number): string {
  const file = join(disk, "ballast");
  const { bavail, bsize } = statfsSync(disk);
  writeFileSync(file, Buffer.alloc(bavail * bsize - left));
  return file;
}
