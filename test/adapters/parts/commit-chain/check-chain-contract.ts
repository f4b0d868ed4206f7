import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eventLogContract } from "moleculer-event-sourcing/testing";
import { ChainedLog } from "../../../../adapters/parts/commit-chain/chained-log.ts";
import { MemoryChain, MemoryServer } from "./memory-chain.ts";

/** Every host has its own index file, next to the others. */
async function newPlace() {
  const folder = mkdtempSync(join(tmpdir(), "contract-"));
  const server = new MemoryServer();
  return {
    log: () => new ChainedLog(new MemoryChain(server), `${folder}/x.index.db`),
    remove: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

/** Runs the contract of a log on a chain in memory. */
export function checkChainContract(): void {
  for (const { name, run } of eventLogContract(newPlace, { durability: "none", hosts: "many", backup: false }))
    it(name, run);
}
