// A few cases under node:test, as the author of another engine may run them.
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, it } from "node:test";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { eventLogContract, readTableContract } from "moleculer-event-sourcing/testing";

const inProcess = new URL("./sqlite-port.ts", import.meta.url).href;

const newPlace = async (kind: "log" | "table") => {
  const folder = mkdtempSync(join(tmpdir(), "contract-"));
  const adapter = sqlite(`${folder}/x.db`);
  return {
    log: () => adapter.eventLog!("events"),
    table: () => adapter.readTable!("table"),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
    inProcess: { module: inProcess, args: [kind, folder] },
  };
};

// Declares another durability than the engine has: this case must fail.
const wrong = { durability: "none", hosts: "one", backup: true } as const;
const right = { durability: "power", hosts: "one", backup: true } as const;
const ofTables = { durability: "process", hosts: "one", atomicBatch: true } as const;

const some = /\bport\b|commit|killed|parked|with one host/;

void describe("right", () => {
  for (const { name, run } of [
    ...eventLogContract(() => newPlace("log"), right),
    ...readTableContract(() => newPlace("table"), ofTables),
  ])
    if (some.test(name)) void it(name, run);
});

void describe("wrong", () => {
  for (const { name, run } of eventLogContract(() => newPlace("log"), wrong))
    if (name.includes("capabilities")) void it(name, run);
});
