import type { TableCapabilities } from "../../core/table/read-table.ts";
import { casesOf, type ContractCase } from "../kit/contract-case.ts";
import { backups, origins } from "./backups.ts";
import { batches } from "./batches.ts";
import { changes } from "./changes.ts";
import { copies } from "./copies.ts";
import { droppedOwners } from "./dropped-owners.ts";
import { findings, order } from "./findings.ts";
import { generations } from "./generations.ts";
import { operators } from "./operators.ts";
import { ownersOfTable, soleOwnerOfTable } from "./owners.ts";
import { parkedEvents } from "./parked-events.ts";
import { manyHostsOfTable, soleHostOfTable, tablePorts } from "./ports.ts";
import { killsOfTable, soleHostOfTableAmongProcesses } from "./processes.ts";
import { racingOwners } from "./racing-owners.ts";
import { randomBatches } from "./random-batches.ts";
import { reopeningTables } from "./reopening.ts";
import { rows } from "./rows.ts";
import { TableFixture, type TablePlace } from "./table-fixture.ts";
import { wholeBatches } from "./whole-batches.ts";

/**
 * A case for every law of the ReadTable port and every declared capability. An engine that declares a durability other
 * than "none" needs `inProcess` in its place: cases kill another process.
 *
 * @example for (const { name, run } of readTableContract(newPlace, capabilities)) it(name, run);
 */
export function readTableContract(
  newPlace: () => Promise<TablePlace>,
  capabilities: TableCapabilities,
): ContractCase[] {
  const isDurable = capabilities.durability !== "none";
  const hasOneHost = capabilities.hosts === "one";
  return casesOf(
    () => new TableFixture(newPlace, capabilities),
    [
      { name: "A table's port", cases: tablePorts },
      { name: "A row", cases: rows },
      { name: "A query", cases: operators },
      { name: "An order", cases: order },
      { name: "A find", cases: findings },
      { name: "A change", cases: changes },
      { name: "A batch", cases: batches },
      { name: "A batch", cases: randomBatches },
      { name: "A parked event", cases: parkedEvents },
      { name: "A generation", cases: generations },
      { name: "A generation's origin", cases: origins },
      { name: "A backup", cases: backups },
      { name: "A copy of a generation", cases: copies },
      { name: "A batch", cases: wholeBatches, isListed: capabilities.atomicBatch },
      { name: "The only host of a table", cases: soleHostOfTable, isListed: hasOneHost },
      { name: "Hosts of one table", cases: manyHostsOfTable, isListed: !hasOneHost },
      { name: "The only host of a table", cases: soleOwnerOfTable, isListed: hasOneHost },
      { name: "Hosts with different owners", cases: ownersOfTable, isListed: !hasOneHost },
      { name: "A table's dropped owner", cases: droppedOwners, isListed: !hasOneHost },
      { name: "Owners at the same time", cases: racingOwners, isListed: !hasOneHost },
      { name: "A table opened again", cases: reopeningTables, isListed: isDurable },
      { name: "A table whose host is killed", cases: killsOfTable, isListed: isDurable },
      { name: "A table with one host", cases: soleHostOfTableAmongProcesses, isListed: isDurable && hasOneHost },
    ],
  );
}
