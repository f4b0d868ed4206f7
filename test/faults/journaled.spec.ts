import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { storageName } from "../../core/errors/storage-name.ts";
import { JournaledReadTable } from "../../adapters/parts/journaled-table/read-table.ts";
import { MongoRowStore } from "../../adapters/mongodb/row-store.ts";
import { describeWith } from "../support/engines.ts";
import { killChildren, startChild } from "./child.ts";
import { countedFields, foldBatch, plainly, progressAt, rowsIn } from "../support/counted-rows.ts";
import { batches, stops } from "./journaled-batches.ts";

/** From there on the batch is decided, and the next host completes it. */
const isDecided = (stop: string) => stop !== "change batch";

describeWith("mongodb", "A journaled table in MongoDB whose host", (server) => {
  const tables: JournaledReadTable[] = [];
  afterEach(async () => {
    killChildren();
    await Promise.all(tables.splice(0).map((table) => table.close()));
  });

  /** Runs a process on a table until it stops; returns the table after another host has taken over. */
  async function takenOver(stop: string, signal: string) {
    const name = randomUUID();
    const url = server().url;
    const child = startChild("./journaled-process.ts", url, name, stop, signal);
    const said: string[] = [];
    child.lines.on("line", (line) => said.push(line));
    await once(child.lines, "line");
    if (signal === "SIGKILL") await child.exited;
    const place = { url, database: "journaled", name: storageName(name), driver: {} };
    const table = new JournaledReadTable(new MongoRowStore(url, place), name);
    tables.push(table);
    await table.open(countedFields);
    await table.takeOver();
    const progress = await table.live().progress();
    const folded = isDecided(stop) ? 2 : 1;
    expect(progress).toEqual(progressAt(folded));
    expect(await rowsIn(table.live().rows)).toEqual(plainly(batches, folded));
    for (let position = folded + 1; position <= batches.length; position++)
      await foldBatch(table.live(), batches[position - 1]!, position);
    return { child, said, table };
  }

  it.each(stops)('is killed at "%s" has each batch once, and another folds on', async (stop) => {
    const { table } = await takenOver(stop, "SIGKILL");
    expect(await rowsIn(table.live().rows)).toEqual(plainly(batches, batches.length));
  });

  it.each(stops)('is frozen at "%s" writes nothing over what another has folded since, when it wakes', async (stop) => {
    const { child, said, table } = await takenOver(stop, "SIGSTOP");
    child.thaw();
    await child.exited;
    expect(said).toEqual(["stops", isDecided(stop) ? "committed" : "STORE_UNAVAILABLE"]);
    expect(await rowsIn(table.live().rows)).toEqual(plainly(batches, batches.length));
    expect(await table.live().progress()).toEqual(progressAt(batches.length));
  });
});
