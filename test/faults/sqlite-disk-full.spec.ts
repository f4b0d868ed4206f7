import { mkdirSync, readdirSync, rmSync, statfsSync, writeFileSync } from "node:fs";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import { appendTo, ask } from "../../testing/event-log/requests.ts";
import { describeWhereMountable, mount, unmount } from "../support/small-disk.ts";
import { eventFormat } from "../../core/interchange/event-format.ts";
import { exportEvents } from "../../mixins/event-store/transfer/export-events.ts";
import { openFilesBelow } from "../adapters/open-files.ts";

const everything = { where: null, sort: [], limit: null, offset: 0, search: null };
const fields = parseFields("table", { name: "string" });
const kilobyte = 1024;

const opened: { close(): Promise<void> }[] = [];
let folder: string;

async function openLog(): Promise<SqliteEventLog> {
  const log = new SqliteEventLog(`${folder}/x.db`);
  opened.push(log);
  await log.open();
  return log;
}

async function openTable(): Promise<SqliteReadTable> {
  const table = new SqliteReadTable(`${folder}/x.db`);
  opened.push(table);
  await table.open(fields);
  return table;
}

describeWhereMountable("A full disk (skipped where no tmpfs can be mounted)", () => {
  beforeEach(() => {
    folder = `${newFolder()}/disk`;
    mkdirSync(folder);
    mount(folder, "2m");
    writeFileSync(`${folder}/filler`, Buffer.alloc(600 * kilobyte));
  });

  afterEach(async () => {
    for (const one of opened.splice(0)) await one.close();
    unmount(folder);
    await cleanUp();
  });

  const full = {
    name: "StoreUnavailableError",
    code: 503,
    type: "STORE_UNAVAILABLE",
    retryable: true,
    message: expect.stringContaining("the disk is full; nothing was stored"),
  };
  const free = () => statfsSync(folder).bavail * statfsSync(folder).bsize;

  /** Commits two appends at a time until one fails; returns the number of acknowledged events. */
  async function fillUp(log: SqliteEventLog): Promise<number> {
    for (let acknowledged = 0; ; acknowledged += 10) {
      const verdicts = await log
        .append([
          appendTo(
            "a",
            Array.from({ length: 7 }, () => ({ payload: "x".repeat(3 * kilobyte) })),
          ),
          appendTo(
            "b",
            Array.from({ length: 3 }, () => ({ payload: acknowledged })),
          ),
        ])
        .catch((error: unknown) => error);
      if (Array.isArray(verdicts)) continue;
      expect(verdicts).toMatchObject(full);
      expect((verdicts as Error).cause).toMatchObject({ name: "SqliteError", code: "SQLITE_FULL" });
      return acknowledged;
    }
  }

  async function expectExactly(log: SqliteEventLog, count: number): Promise<void> {
    expect(await log.head()).toBe(count);
    expect(await log.count(ask())).toBe(count);
    expect((await log.find(ask())).map(({ position }) => position)).toEqual(
      Array.from({ length: count }, (_, index) => index + 1),
    );
    const versions = await log.streams({ limit: 10 });
    expect(versions.map(({ version }) => version)).toEqual([(count / 10) * 7, (count / 10) * 3]);
  }

  it("refuses a commit whole, reads go on, and appends work again when there is room", async () => {
    const log = await openLog();
    const acknowledged = await fillUp(log);
    expect(acknowledged).toBeGreaterThan(50);
    await expectExactly(log, acknowledged);
    expect(await refusal(() => log.append([appendTo("c", [{ payload: "x".repeat(100 * kilobyte) }])]))).toMatchObject(
      full,
    );
    await expectExactly(log, acknowledged);

    rmSync(`${folder}/filler`);
    const verdicts = await log.append([
      appendTo(
        "a",
        Array.from({ length: 7 }, () => ({})),
      ),
      appendTo("b", [{}, {}, {}]),
    ]);
    expect(verdicts).toMatchObject([
      { events: [{ position: acknowledged + 1 }, {}, {}, {}, {}, {}, {}] },
      { events: [{ position: acknowledged + 8 }, {}, {}] },
    ]);
    await expectExactly(log, acknowledged + 10);
    await log.close();
    await expectExactly(await openLog(), acknowledged + 10);
  });

  it("loses nothing of a log that is closed and opened again without room", async () => {
    const log = await openLog();
    const acknowledged = await fillUp(log);
    await log.close();
    writeFileSync(`${folder}/more`, Buffer.alloc(free()));
    const answer = await log.open().then(
      () => "opened",
      (error: { type?: string }) => error.type,
    );
    expect(["opened", "STORE_UNAVAILABLE"]).toContain(answer);
    await log.close();
    rmSync(`${folder}/filler`);
    await log.open();
    await expectExactly(log, acknowledged);
    await log.append([appendTo("c")]);
    expect(await log.head()).toBe(acknowledged + 1);
  });

  it("fails a backup and an export, leaves nothing of them, and appends go on", async () => {
    const log = await openLog();
    await log.append([
      appendTo(
        "a",
        Array.from({ length: 100 }, () => ({ payload: "x".repeat(5 * kilobyte) })),
      ),
    ]);
    // The content of the -wal would take the room that appends need.
    await log.close();
    await log.open();
    writeFileSync(`${folder}/more`, Buffer.alloc(free() - 100 * kilobyte));
    const job = { progress: () => {}, check: () => {} };
    const format = eventFormat("events");
    for (const write of [
      () => log.backup(`${folder}/copy.db`),
      () => exportEvents(log, `${folder}/out.jsonl`, 101, { after: 0 }, format, "events", job),
    ])
      expect(await refusal(write)).toMatchObject({
        ...full,
        message: expect.stringContaining("the disk is full") as string,
      });
    expect(readdirSync(folder).filter((file) => !file.startsWith("x.db"))).toEqual(["filler", "more"]);
    await log.append([appendTo("a")]);
    rmSync(`${folder}/filler`);
    expect(await log.backup(`${folder}/copy.db`)).toMatchObject({ position: 101 });
  });

  it("refuses to create a log, clearly, and leaves nothing that would be in the way later", async () => {
    writeFileSync(`${folder}/more`, Buffer.alloc(free() - 12 * kilobyte));
    expect(await refusal(() => openLog())).toMatchObject({
      type: "STORE_UNAVAILABLE",
      retryable: true,
    });
    expect(openFilesBelow(folder)).toEqual([]);
    rmSync(`${folder}/filler`);
    const log = await openLog();
    await log.append([appendTo("a")]);
    expect(await log.head()).toBe(1);
  });

  const progress = (position: number) => ({
    position,
    folded: position,
    positionId: null,
    reordered: false,
    log: "log",
  });
  const row = (id: string, length = 1) => ({ operation: "create" as const, id, values: { name: "x".repeat(length) } });

  it("in the middle of a batch ends it: neither its rows nor its checkpoint are stored, and the next one works", async () => {
    const table = await openTable();
    const first = await table.live().begin();
    first.apply([row("1")]);
    first.commit(progress(1));

    const batch = await table.live().begin();
    batch.mark();
    batch.apply([row("small")]);
    // Larger than SQLite's cache of dirty pages, so that it must write before the commit.
    const error = await refusal(() => {
      for (let n = 0; n < 200; n++) batch.apply([row(`big ${n}`, 1024 * kilobyte), row(`small ${n}`)]);
    });
    expect(error).toMatchObject(full);
    batch.undo();
    for (const call of [
      () => batch.apply([row("2")]),
      () => batch.mark(),
      () => batch.unpark("x"),
      () => batch.commit(progress(2)),
    ])
      expect(await refusal(call)).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    batch.rollback();
    expect(table.live().progress()).toEqual(progress(1));
    expect(table.live().rows.find(everything)).toEqual([{ id: "1", name: "x" }]);

    rmSync(`${folder}/filler`);
    const next = await table.live().begin();
    next.apply([row("2", 100 * kilobyte)]);
    next.commit(progress(2));
    expect(table.live().progress()).toEqual(progress(2));
    await table.close();
    const again = await openTable();
    const stored = await again.live().rows.find(everything);
    expect(stored.map(({ id }) => id)).toEqual(["1", "2"]);
    expect(again.live().progress()).toEqual(progress(2));
  });

  it("at the commit of a batch stores neither its rows nor its checkpoint, and the next one works", async () => {
    const table = await openTable();
    const batch = await table.live().begin();
    batch.apply([row("1", 4096 * kilobyte)]);
    expect(await refusal(() => batch.commit(progress(1)))).toMatchObject(full);
    batch.rollback();
    expect((await table.live().progress()).position).toBe(0);
    expect(table.live().rows.count(everything)).toBe(0);
    const next = await table.live().begin();
    next.apply([row("1")]);
    next.commit(progress(1));
    expect(table.live().progress()).toEqual(progress(1));
    expect(table.live().rows.find(everything)).toEqual([{ id: "1", name: "x" }]);
  });

  it("refuses to build a generation; the live one stays, and a later build works", async () => {
    const table = await openTable();
    const batch = await table.live().begin();
    batch.apply([row("1")]);
    batch.commit(progress(1));
    writeFileSync(`${folder}/more`, Buffer.alloc(free() - 8 * kilobyte));
    expect(await refusal(() => table.build(fields))).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    expect(table.live().rows.find(everything)).toEqual([{ id: "1", name: "x" }]);
    expect(openFilesBelow(folder).filter((file) => file.includes("x/2.db"))).toEqual([]);
    expect(readdirSync(`${folder}/x`).filter((file) => file.startsWith("2."))).toEqual([]);
    rmSync(`${folder}/filler`);
    await table.switchTo(await table.build(fields));
    expect((await table.live().progress()).position).toBe(0);
  });
});
