// A host of a table in MongoDB that folds two batches and, in the second, signals itself before the named write.
import { storageName } from "../../core/errors/storage-name.ts";
import { JournaledReadTable } from "../../adapters/parts/journaled-table/read-table.ts";
import { MongoRowStore } from "../../adapters/mongodb/row-store.ts";
import { sendLine } from "../support/send-line.ts";
import { countedFields, foldBatch } from "../support/counted-rows.ts";
import { batches } from "./journaled-batches.ts";
import { stepping } from "../support/stepping-store.ts";

const [url = "", name = "", stop = "", signal = ""] = process.argv.slice(2);
let isSecond = false;
const step = async (what: string) => {
  if (!isSecond || !what.startsWith(stop)) return;
  isSecond = false;
  sendLine("stops");
  process.kill(process.pid, signal);
  // The system delivers a signal later.
  await new Promise((turn) => setTimeout(turn, 50));
};
const place = { url, database: "journaled", name: storageName(name), driver: {} };
const table = new JournaledReadTable(stepping(new MongoRowStore(url, place), step), name);
await table.open(countedFields);
await table.takeOver();
await table.live().progress();
await foldBatch(table.live(), batches[0]!, 1);
isSecond = true;
sendLine(
  await foldBatch(table.live(), batches[1]!, 2).then(
    () => "committed",
    (error: { type?: string }) => String(error.type),
  ),
);
await table.close();
