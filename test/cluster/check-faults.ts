import { killChildren } from "../faults/child.ts";
import { cleanUp } from "../support/broker.ts";
import { describeWith, find } from "../support/engines.ts";
import { buildNats } from "../support/nats-build.ts";
import type { Fault } from "./fault.ts";
import { runFault, type Row } from "./fault-run.ts";
import type { LogEngine } from "./site.ts";
import { rowOf, tableOf } from "./table.ts";

/** Runs each fault on a new site: nothing is lost, doubled or half done. Prints the table at the end. */
export function checkFaults(engine: LogEngine, faults: readonly Fault[]): void {
  describeWith("nats-server built here", `A cluster with its log on ${engine}`, (carrier) =>
    describeWith("postgres", "and shared tables on PostgreSQL", (postgres) => {
      const rows: Row[] = [];
      afterEach(async () => {
        killChildren();
        await cleanUp();
      });
      afterAll(() => void process.stderr.write(`\nA log on ${engine}\n\n${tableOf(rows)}\n\n`));

      it.each(faults)("loses, doubles and halves nothing: $name", async (fault) => {
        const program = await buildNats(find("go")!);
        const row = await runFault(fault, engine, { postgres: postgres(), carrier: carrier(), program });
        rows.push(row);
        // Printed at once, since the whole run takes many minutes.
        process.stderr.write(`${rowOf(row)}\n`);
        expect({ ...row.counts, examples: row.examples }).toMatchObject({ lost: 0, twice: 0, half: 0 });
      });
    }),
  );
}
