import { execFile } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const run = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const readme = readFileSync(join(root, "README.md"), "utf8");
// Inside the checkout, so that the blocks find the package by its name as an installed one.
const folder = join(root, ".readme");

/** The README's blocks of a language, by the file name in their first line. */
function blocks(language: string): string[] {
  return [...readme.matchAll(new RegExp(`^\`\`\`${language}\\n([\\s\\S]*?)^\`\`\``, "gm"))].map((match) => match[1]!);
}

beforeAll(() => {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder);
  for (const block of blocks("ts")) {
    const name = /^\/\/ (\S+\.ts)\n/.exec(block)?.[1];
    if (!name) throw new Error(`a block without a file name in its first line:\n${block}`);
    writeFileSync(join(folder, name), block);
  }
  writeFileSync(
    join(folder, "tsconfig.json"),
    JSON.stringify({ extends: "../tsconfig.json", include: ["*.ts"], exclude: [] }),
  );
});

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("The README's code", () => {
  it("compiles", async () => {
    expect(blocks("ts")).toHaveLength(4);
    await run(join(root, "node_modules/.bin/tsc"), ["-p", join(folder, "tsconfig.json")]);
  });

  it("prints what the README says", async () => {
    const { stdout } = await run(process.execPath, ["--conditions=moleculer-event-sourcing:source", "try.ts"], {
      cwd: folder,
    });
    expect(stdout).toBe(blocks("text")[0]);
  });
});

describe("The README", () => {
  it("names the errors that there are", async () => {
    const source = readFileSync(join(root, "core/errors.ts"), "utf8");
    const types = [...source.matchAll(/"([A-Z][A-Z_]+)"/g)].map((match) => match[1]!);
    expect(types.length).toBeGreaterThan(10);
    expect(types.filter((type) => !readme.includes(`\`${type}\``))).toEqual([]);
  });
});
