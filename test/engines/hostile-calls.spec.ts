import { attacked } from "../hostile/attacked.ts";
import type { Places } from "../hostile/every-kind.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { seed } from "../support/chance.ts";
import { describeWith } from "../support/engines.ts";
import { isInFull } from "../support/times.ts";

afterEach(cleanUp);

/** What is told apart before an engine is asked is attacked in full elsewhere. */
const share = isInFull ? 0.03 : 0.005;

function check(engine: string, placesOf: (url: string, folder: string) => Places, url: () => string): void {
  it("refuses them with a field, or answers, stores nothing by mistake, and lives", async () => {
    const folder = newFolder();
    const report = await attacked({ places: placesOf(url(), folder), seed, share, folder });
    process.stderr.write(`${engine}: ${report.calls} hostile calls of ${report.actions} actions\n`);
    expect(report.faults).toEqual([]);
    expect(report.calls).toBeGreaterThan(0);
  });
}

describeWith("postgres", "Every action with hostile values, on PostgreSQL", (server) =>
  check(
    "PostgreSQL",
    (url, folder) => ({ log: url, table: url, snapshots: `${folder}/snapshots` }),
    () => server().url,
  ),
);
describeWith("nats-server", "Every action with hostile values, on NATS", (server) =>
  check(
    "NATS",
    (url, folder) => ({ log: `${url}?prefix=hostile-&folder=${folder}`, table: `sqlite:${folder}/accounts.db` }),
    () => server().url,
  ),
);
describeWith("mongodb", "Every action with hostile values, on MongoDB", (server) =>
  check(
    "MongoDB",
    (url, folder) => ({ log: `${url}/hostile?folder=${folder}`, table: "memory:", snapshots: `${folder}/snapshots` }),
    () => server().url,
  ),
);
