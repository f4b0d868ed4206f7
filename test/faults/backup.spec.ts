import { existsSync, readdirSync } from "node:fs";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import { killChildren, startChild } from "./child.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

/**
 * Runs the process and kills it some milliseconds after the given number of lines. Returns the reported backups with
 * their positions.
 */
async function live(folder: string, life: number, after: { lines: number; ms: number }): Promise<[string, number][]> {
  const { lines, exited, kill } = startChild("./backup-process.ts", folder, String(life));
  const told: [string, number][] = [];
  let said = 0;
  for await (const line of lines) {
    if (++said === after.lines) setTimeout(kill, after.ms);
    const [name = "", position] = line.split(" ");
    if (position !== undefined) told.push([name, Number(position)]);
  }
  expect(await exited).toBe("SIGKILL");
  return told;
}

async function eventsIn(file: string) {
  const log = new SqliteEventLog(file);
  await log.open();
  try {
    return await everything(log);
  } finally {
    await log.close();
  }
}

describe("A process killed with SIGKILL while it makes backups", () => {
  it("leaves only whole ones under their names, and a whole log, 8 times", async () => {
    const folder = newFolder();
    const told = new Map<string, number>();
    for (let life = 0; life < 8; life++) {
      // Counted from its start, or from its first backup: its speed depends on the machine.
      const after = { lines: 1 + (life % 2), ms: 30 + life * 70 };
      for (const [name, position] of await live(folder, life, after)) told.set(name, position);
    }
    const all = await eventsIn(`${folder}/x.db`);
    const names = existsSync(`${folder}/copies`) ? readdirSync(`${folder}/copies`) : [];
    const copies = names.filter((name) => name.endsWith(".db"));
    expect(told.size).toBeGreaterThan(0);
    expect(copies).toEqual(expect.arrayContaining([...told.keys()]));
    for (const name of copies) {
      const events = await eventsIn(`${folder}/copies/${name}`);
      expect(events).toEqual(all.slice(0, events.length));
      expect((events.length - 3000) % 5).toBe(0);
      expect(events).toHaveLength(told.get(name) ?? events.length);
    }
    expect(all.map(({ position }) => position)).toEqual(all.map((_, index) => index + 1));
  });
});
