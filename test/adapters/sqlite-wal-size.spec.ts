import { statSync } from "node:fs";
import Database from "better-sqlite3";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { appendTo, many } from "../../testing/event-log/requests.ts";
import { cleanUp, newFolder } from "../support/broker.ts";

afterEach(cleanUp);

const mebibyte = 1024 * 1024;
const limit = 16 * mebibyte;
const text = "x".repeat(100_000);

/** Commits while a reader keeps its transaction open, until the -wal is far above its limit, then some more. */
async function commitBesideReader(file: string, commit: (n: number) => Promise<unknown>): Promise<[number, number]> {
  const walSize = () => statSync(`${file}-wal`).size;
  const reader = new Database(file, { readonly: true });
  reader.exec("BEGIN");
  reader.prepare("SELECT count(*) FROM sqlite_schema").get();
  let n = 0;
  while (walSize() < 2 * limit) await commit(n++);
  const before = walSize();
  reader.close();
  // The first commit moves the -wal into the file, the second one restarts it.
  for (const end = n + 3; n < end;) await commit(n++);
  return [before, walSize()];
}

describe("The -wal after a long reader", () => {
  it("of a log comes back under its limit", async () => {
    const file = `${newFolder()}/x.db`;
    const log = new SqliteEventLog(file, { durability: "process" });
    await log.open();
    const [before, after] = await commitBesideReader(file, () =>
      log.append([appendTo("a", many(10, { payload: { text } }))]),
    );
    expect(before).toBeGreaterThan(limit);
    expect(after).toBeLessThanOrEqual(limit);
    await log.close();
  });

  it("of a table comes back under its limit", async () => {
    const folder = newFolder();
    const table = new SqliteReadTable(`${folder}/x.db`);
    await table.open(parseFields("table", { name: "string" }));
    const [before, after] = await commitBesideReader(`${folder}/x/1.db`, async (n) => {
      const batch = await table.live().begin();
      batch.apply(many(10).map((_, index) => ({ operation: "create", id: `${n}-${index}`, values: { name: text } })));
      batch.commit({ position: n + 1, folded: n + 1, positionId: null, reordered: false, log: "log" });
    });
    expect(before).toBeGreaterThan(limit);
    expect(after).toBeLessThanOrEqual(limit);
    await table.close();
  });
});
