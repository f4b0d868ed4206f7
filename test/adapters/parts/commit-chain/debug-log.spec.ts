import { rmSync } from "node:fs";
import { format } from "node:util";
import { ChainedLog } from "../../../../adapters/parts/commit-chain/chained-log.ts";
import { appended, appendTo } from "../../../../testing/event-log/requests.ts";
import { cleanUp, eventually, newFolder } from "../../../support/broker.ts";
import { MemoryChain, MemoryServer } from "./memory-chain.ts";

afterEach(cleanUp);

async function open(server: MemoryServer, folder = newFolder()) {
  const lines: string[] = [];
  const log = new ChainedLog(new MemoryChain(server), `${folder}/x.index.db`);
  await log.open({ debug: (message, details) => lines.push(format(message, details)) });
  return { log, lines, changes: () => lines.map((line) => line.replace(/ \{.*/s, "")) };
}

const [empty, complete] = ["memory chain index: closed -> empty", "memory chain index: empty -> complete"];

describe("The debug log of a host of a chain", () => {
  it("has a commit that another host has overtaken, and nothing of others", async () => {
    const server = new MemoryServer();
    const [first, second] = [await open(server), await open(server)];
    await appended(first.log, appendTo("a"));
    await appended(second.log, appendTo("b"));
    await appended(second.log, appendTo("b"));
    expect(first.changes()).toEqual([empty, complete]);
    expect(second.changes()).toEqual([empty, complete, "memory chain commit: decided -> overtaken"]);
    for (const { log } of [first, second]) await log.close();
  });

  it("has the rebuild of an index whose files were removed", async () => {
    const folder = newFolder();
    const { log, lines, changes } = await open(new MemoryServer(), folder);
    await appended(log, appendTo("a"));
    for (const suffix of ["", "-wal", "-shm"]) rmSync(`${folder}/x.index.db${suffix}`, { force: true });
    await eventually(async () => {
      await log.head();
      expect(lines.length).toBeGreaterThan(2);
    });
    await log.close();
    expect(changes().slice(2)).toEqual([
      "memory chain index: complete -> rebuilding",
      "memory chain index: rebuilding -> complete",
      "memory chain index: complete -> closed",
    ]);
    expect(lines[2]).toMatch(/cause: .*x\.index\.db/s);
  });
});
