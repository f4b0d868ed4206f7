import { join } from "node:path";
import type { Places } from "../hostile/every-kind.ts";
import { effort, runsOf } from "../property/law-parameters.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { killChildren, startChild } from "./child.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const engines: [engine: string, places: (folder: string) => Places][] = [
  ["memory", (folder) => ({ log: "memory:", table: "memory:", snapshots: join(folder, "snapshots") })],
  [
    "SQLite",
    (folder) => ({ log: `sqlite:${join(folder, "events.db")}`, table: `sqlite:${join(folder, "accounts.db")}` }),
  ],
];

describe.each(engines)("The event loop of a node with 10,000 rows, on %s", (_engine, places) => {
  it(
    "is held by no call for longer than 100 ms",
    async () => {
      const node = startChild("turns-process.ts", JSON.stringify(places(newFolder())));
      const lines: string[] = [];
      for await (const line of node.lines) lines.push(line);
      await node.exited;
      expect(lines).toEqual([JSON.stringify({ calls: runsOf(60) })]);
    },
    600_000 * Math.max(effort, 1),
  );
});
