import { execFile } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const root = fileURLToPath(new URL("../..", import.meta.url));
const projects = join(root, "test/projects");
const supported = ["22.14.0", process.versions.node];
const older = ["18.20.8", "20.19.0"];

type Package = {
  bin: Record<string, string>;
  scripts: Record<string, string>;
  devDependencies: Record<string, string>;
  exports: Record<string, unknown>;
};
const packageIn = (folder: string) => JSON.parse(readFileSync(join(folder, "package.json"), "utf8")) as Package;

/** What a command prints, with all of it in the error if the command fails. */
async function run(cwd: string, file: string, args: readonly string[], path: readonly string[] = []): Promise<string> {
  const own = { PATH: [...path, process.env["PATH"]].join(delimiter) };
  // Those two are of the jest that runs this spec.
  const env = { ...process.env, ...own, NODE_ENV: undefined, JEST_WORKER_ID: undefined };
  try {
    return (await promisify(execFile)(file, args, { cwd, env, timeout: 180_000 })).stdout;
  } catch (error) {
    const { stdout, stderr } = error as { stdout: string; stderr: string };
    throw new Error(`${file} ${args.join(" ")}\n${stdout}${stderr}`, { cause: error });
  }
}

let folder: string;
let tarball: string;

const nodeOf = (version: string) =>
  version === process.versions.node ? process.execPath : join(folder, `node_modules/node-${version}/bin/node`);

/** Runs a project's `npm test` on a Node, in a folder of its own. */
async function test(project: string, version: string): Promise<void> {
  const cwd = join(folder, `${project}-${version}`);
  cpSync(join(projects, project), cwd, { recursive: true });
  const path = [dirname(nodeOf(version)), join(folder, "node_modules/.bin")];
  await run(cwd, "sh", ["-c", packageIn(cwd).scripts["test"]!], path);
}

describe("The package, installed from its tarball", () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "projects-"));
    cpSync(projects, folder, { recursive: true });
    tarball = (await run(root, "npm", ["pack", "--silent", "--pack-destination", folder])).trim().split("\n").at(-1)!;
    const declared = packageIn(folder);
    declared.devDependencies["moleculer-event-sourcing"] = `file:${tarball}`;
    for (const version of [...older, supported[0]])
      declared.devDependencies[`node-${version}`] = `npm:node-${process.platform}-${process.arch}@${version}`;
    writeFileSync(join(folder, "package.json"), JSON.stringify(declared));
    await run(folder, "npm", ["install", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"]);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it.each([
    ["jest, in a CommonJS project", "jest"],
    ["vitest", "vitest"],
    ["node:test, by import and by require", "node-test"],
    ["ts-jest", "ts-jest"],
    ["tsx", "tsx"],
    ["TypeScript's moduleResolution node10", "node10"],
    ["moleculer-runner --hot", "hot"],
  ])("is run by %s", async (_, project) => {
    for (const version of supported) await expect(test(project, version)).resolves.toBeUndefined();
  });

  it.each(older)("says in one sentence that Node %s is too old", async (version) => {
    const installed = join(folder, "node_modules/moleculer-event-sourcing");
    const { bin, exports } = packageIn(installed);
    const names = Object.keys(exports).filter((name) => name !== "./package.json");
    const entries = names.map((name) => JSON.stringify(join("moleculer-event-sourcing", name)));
    const commands = [
      ...entries.map((entry) => ["--input-type=commonjs", "--eval", `require(${entry})`]),
      ...entries.map((entry) => ["--input-type=module", "--eval", `import ${entry}`]),
      ...Object.values(bin).map((file) => [join(installed, file)]),
    ];
    const sentence = `\nError: moleculer-event-sourcing needs Node 22.14 or newer, found ${version}\n`;
    for (const command of commands) await expect(run(folder, nodeOf(version), command)).rejects.toThrow(sentence);
    expect(commands.length).toBeGreaterThan(20);
    expect(existsSync(join(folder, "data"))).toBe(false);
  });

  it("brings at most 40 packages, Moleculer among them", async () => {
    const empty = join(folder, "empty");
    mkdirSync(empty);
    writeFileSync(join(empty, "package.json"), "{}");
    const options = ["--package-lock-only", "--no-audit", "--no-fund", "--prefer-offline", "--loglevel=error"];
    await run(empty, "npm", ["install", ...options, join(folder, tarball)]);
    const { packages } = JSON.parse(readFileSync(join(empty, "package-lock.json"), "utf8")) as { packages: object };
    const installed = Object.keys(packages).filter((path) => path !== "");
    expect(installed).toContain("node_modules/moleculer-event-sourcing");
    expect(installed).toContain("node_modules/moleculer");
    expect(installed.length).toBeLessThanOrEqual(40);
  });
});
