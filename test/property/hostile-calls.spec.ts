import { join } from "node:path";
import { cleanUp, newFolder } from "../support/broker.ts";
import { attacked } from "../hostile/attacked.ts";
import type { Places } from "../hostile/every-kind.ts";

afterEach(cleanUp);

const isInFull = false;
const share = isInFull ? 1 : 0.01;
const seed = 1;

const engines: [engine: string, places: (folder: string) => Places][] = [
  ["memory", () => ({ log: "memory:", table: "memory:" })],
  [
    "SQLite",
    (folder) => ({
      log: `sqlite:${join(folder, "events.db")}`,
      table: `sqlite:${join(folder, "accounts.db")}`,
      snapshots: join(folder, "snapshots"),
    }),
  ],
];

describe.each(engines)("Every action with hostile values, on %s", (engine, places) => {
  it("refuses them with a field, or answers, stores nothing by mistake, and lives", async () => {
    const folder = newFolder();
    const report = await attacked({ places: places(folder), seed, share, folder });
    process.stderr.write(`${engine}: ${report.calls} hostile calls of ${report.actions} actions, seed ${seed}\n`);
    expect(report.faults).toEqual([]);
    expect(report.calls).toBeGreaterThan(report.actions);
  });
});
