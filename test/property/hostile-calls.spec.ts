import { join } from "node:path";
import { cleanUp, newFolder } from "../support/broker.ts";
import { seed } from "../support/chance.ts";
import { isInFull } from "../support/times.ts";
import { attacked } from "../hostile/attacked.ts";
import type { Places } from "../hostile/every-kind.ts";
import { effort } from "./law-parameters.ts";

afterEach(cleanUp);

/** The share of some hundred thousand attacks per engine. */
const share = effort < 1 ? 0.01 : isInFull ? 1 : 0.1;

const engines: [engine: string, places: (folder: string) => Places][] = [
  ["memory", (folder) => ({ log: "memory:", table: "memory:", snapshots: join(folder, "snapshots") })],
  [
    "SQLite",
    (folder) => ({
      log: `sqlite:${join(folder, "events.db")}`,
      table: `sqlite:${join(folder, "accounts.db")}`,
    }),
  ],
];

describe.each(engines)("Every action with hostile values, on %s", (engine, places) => {
  it("refuses them with a field, or answers, stores nothing by mistake, and lives", async () => {
    const folder = newFolder();
    const report = await attacked({ places: places(folder), seed, share, folder });
    process.stderr.write(`${engine}: ${report.calls} hostile calls of ${report.actions} actions\n`);
    expect(report.faults).toEqual([]);
    expect(report.calls).toBeGreaterThan(share === 1 ? 50_000 : report.actions);
  }, 1_800_000);
});
