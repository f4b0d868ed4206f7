import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, utimesSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import { ScratchFolder } from "../../mixins/aggregate/past/scratch-folder.ts";
import { cleanUp, newFolder } from "../support/broker.ts";

afterEach(cleanUp);

const root = fileURLToPath(new URL("../..", import.meta.url));
const program = fileURLToPath(new URL("../support/looks-process.ts", import.meta.url));

/** Starts a process that may only read and write its data; returns the outcome of each call. */
function outcomes(...rights: string[]): Record<string, string> {
  const folder = newFolder();
  const own = [`--allow-fs-read=${root}`, `--allow-fs-read=${folder}`, `--allow-fs-write=${folder}`];
  const flags = ["--permission", ...own, ...rights, "--disable-warning=SecurityWarning"];
  const conditions = "--conditions=moleculer-event-sourcing:source";
  return JSON.parse(
    execFileSync(process.execPath, [...flags, conditions, program, folder], { encoding: "utf8", stdio: "pipe" }),
  ) as Record<string, string>;
}

describe("A host under Node's permission model", () => {
  it("needs its data's folder, native addons and threads, and no temporary folder", () => {
    const found = outcomes("--allow-addons", "--allow-worker");
    expect(new Set(Object.values(found))).toEqual(new Set(["done"]));
    expect(Object.keys(found)).toEqual(["snapshot", "verify", "at", "backup", "export", "import"]);
  });

  it("says which right is missing", () => {
    const { snapshot, verify, backup, at } = outcomes("--allow-addons");
    for (const refused of [snapshot, verify, backup])
      expect(refused).toMatch(/^UNUSABLE_STORE: .*start the process with --allow-worker/);
    expect(at).toBe("done");
    expect(() => outcomes("--allow-worker")).toThrow(/start the process with --allow-addons/);
  });
});

describe("A scratch folder", () => {
  const tableIn = (folder: string) => new SqliteReadTable(`${folder}/things.db`);

  it("is beside the table's snapshots, and is removed after its use", async () => {
    const folder = newFolder();
    const scratch = new ScratchFolder("things", tableIn(folder));
    const used = await scratch.use(async (path) => {
      writeFileSync(`${path}/table.db`, "");
      return path;
    });
    expect(used).toMatch(`${folder}/things/snapshots.scratch-`);
    await expect(scratch.use(async () => Promise.reject(new Error("no")))).rejects.toThrow("no");
    expect(readdirSync(`${folder}/things`)).toEqual([]);
  });

  it("that a killed process left behind is removed a day later", async () => {
    const folder = newFolder();
    const [old, recent] = ["old", "recent"].map((name) => `${folder}/things/snapshots.scratch-${name}`);
    for (const path of [old!, recent!]) mkdirSync(path, { recursive: true });
    const before = new Date(Date.now() - 2 * 24 * 60 * 60 * 1000);
    utimesSync(old!, before, before);
    await new ScratchFolder("things", tableIn(folder)).use(async () => {});
    expect([existsSync(old!), existsSync(recent!)]).toEqual([false, true]);
  });

  it("is in the temporary folder where the table has no place, or none that can be written", async () => {
    const folder = newFolder();
    writeFileSync(`${folder}/file`, "");
    for (const snapshotFolder of [null, `${folder}/file/things.snapshots`])
      expect(await new ScratchFolder("things", { snapshotFolder }).use(async (path) => path)).toMatch(/things-\w+$/);
  });
});
