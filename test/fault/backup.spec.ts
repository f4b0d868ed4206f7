import { spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { everything } from "../../testing/event-log/log-stand.ts";
import { cleanUp, newFolder } from "../support/broker.ts";

const script = fileURLToPath(new URL("./backup-process.ts", import.meta.url));

afterEach(cleanUp);

/** A life of the process, ended after so many milliseconds of work; answers the backups that it told of, with their positions. */
async function live(folder: string, life: number, workMs: number): Promise<Map<string, number>> {
  const child = spawn(
    process.execPath,
    ["--conditions=moleculer-event-sourcing:source", script, folder, String(life)],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  const gone = new Promise((done) => child.once("close", done));
  let said = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => {
    if (said === "") setTimeout(() => child.kill("SIGKILL"), workMs);
    said += text;
  });
  await gone;
  const lines = said.split("\n").slice(1, -1);
  return new Map(lines.map((line) => line.split(" ")).map(([name, position]) => [name!, Number(position)]));
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
    for (let life = 0; life < 8; life++)
      for (const [name, position] of await live(folder, life, 30 + life * 70)) told.set(name, position);
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
