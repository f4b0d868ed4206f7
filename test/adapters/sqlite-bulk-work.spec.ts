import { createHash } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { BulkWork, type BulkProgress } from "../../adapters/sqlite/bulk-work.ts";
import { Flushing } from "../../adapters/sqlite/flushing.ts";
import { cleanUp, newFolder, refusal } from "../support/broker.ts";
import { openFilesBelow } from "./open-files.ts";

let work: BulkWork;
let db: Database.Database;
let file: string;

beforeEach(() => {
  work = new BulkWork();
  file = `${newFolder()}/x.db`;
  db = new Database(file);
  db.pragma("journal_mode = WAL");
  db.exec("CREATE TABLE numbers (n INTEGER, text TEXT)");
});

afterEach(async () => {
  await work.close();
  db.close();
  await cleanUp();
});

const insert = (count: number, text = "x") => {
  const statement = db.prepare("INSERT INTO numbers VALUES (?, ?)");
  db.transaction(() => {
    for (let n = 1; n <= count; n++) statement.run(n, text);
  })();
};

describe("Bulk work", () => {
  it("copies a file that is open and written to, also what is only in its -wal", async () => {
    insert(100);
    const bytes = await work.vacuumInto(file, `${file}.copy`);
    expect(await work.run("query", `${file}.copy`, "SELECT count(*), max(n) FROM numbers")).toEqual([[100, 100]]);
    expect(bytes).toBe(readFileSync(`${file}.copy`).length);
    expect(existsSync(`${file}.copy-wal`)).toBe(false);
  });

  it("says how far a copy is, in bytes", async () => {
    insert(150_000, "x".repeat(300));
    const seen: BulkProgress[] = [];
    await work.vacuumInto(file, `${file}.copy`, (progress) => seen.push(progress));
    for (const { done, total } of seen) {
      expect(total).toBeGreaterThan(150_000 * 300);
      expect(done).toBeLessThanOrEqual(total);
    }
    expect(seen.map(({ done }) => done)).toEqual(seen.map(({ done }) => done).toSorted((a, b) => a - b));
  });

  it("leaves the event loop free", async () => {
    insert(150_000, "x".repeat(300));
    let turns = 0;
    const timer = setInterval(() => turns++, 1);
    await work.run("hash", file, "SELECT * FROM numbers ORDER BY n");
    clearInterval(timer);
    // A blocked loop had none.
    expect(turns).toBeGreaterThan(2);
  });

  it("hashes the bytes of a file, and the rows of a statement", async () => {
    const text = `${newFolder()}/text`;
    writeFileSync(text, "x".repeat(3_000_000));
    expect(await work.run("hash", text)).toBe(createHash("sha256").update("x".repeat(3_000_000)).digest("hex"));
    insert(2);
    const rows = createHash("sha256").update('[1,"x"]\n[2,"x"]\n').digest("hex");
    expect(await work.run("hash", file, "SELECT n, text FROM numbers ORDER BY n")).toBe(rows);
  });

  it("empties the -wal into the file while its writer has it open", async () => {
    db.pragma("wal_autocheckpoint = 0");
    insert(150_000);
    const walBefore = readFileSync(`${file}-wal`).length;
    await work.run("checkpoint", file);
    // The next commit restarts the -wal, since all of it is in the file.
    insert(1);
    expect(readFileSync(`${file}-wal`)).toHaveLength(walBefore);
    expect(readFileSync(file).length).toBeGreaterThan(1_000_000);
  });

  it("fails a task with the driver's or the system's name and code, and does the next one", async () => {
    expect(await refusal(() => work.run("query", file, "SELECT * FROM nowhere"))).toMatchObject({
      name: "SqliteError",
      code: "SQLITE_ERROR",
      message: "no such table: nowhere",
    });
    expect(await refusal(() => work.run("hash", `${file}.none`))).toMatchObject({ code: "ENOENT" });
    expect(await work.run("query", file, "SELECT 1 WHERE 1 = ?", [1])).toEqual([[1]]);
  });

  it("refuses what comes after its end, and what is under way", async () => {
    const endless = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i FROM n";
    const running = refusal(() => work.run("hash", file, endless));
    await work.close();
    expect(await running).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    expect(await refusal(() => work.run("hash", file))).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
  });
});

describe("The flushing of a file", () => {
  it("passes a file that is not there yet or gone, and ends", async () => {
    const flushing = new Flushing(`${newFolder()}/none`);
    await flushing.end();
    const there = new Flushing(file);
    insert(1);
    await there.end();
    expect(openFilesBelow(file.slice(0, file.lastIndexOf("/"))).toSorted()).toEqual([
      file,
      `${file}-shm`,
      `${file}-wal`,
    ]);
  });
});
