import { execFile } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("..", import.meta.url));
const documents = ["README.md", ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`)];
// Inside the checkout, so that the blocks find the package by its name as an installed one.
const folder = join(root, ".docs");
const jest = join(root, "node_modules/jest/bin/jest.js");

/**
 * A `ts` block: its first line is a comment with its file's name. A `text` block that follows is what the file prints. A
 * `*.test.ts` is run by node:test and, without its import of that, by jest.
 */
interface Step {
  file: string;
  code: string;
  prints: string | null;
}

function stepsOf(document: string): Step[] {
  const steps: Step[] = [];
  let last: Step | null = null;
  for (const [, language, text] of read(document).matchAll(/^```(\w*)\n([\s\S]*?)^```/gm)) {
    if (language === "text" && last) last.prints = text!;
    last = language === "ts" ? { file: fileOf(text!), code: text!, prints: null } : null;
    if (last) steps.push(last);
  }
  return steps;
}

function fileOf(block: string): string {
  const file = /^\/\/ (\S+\.ts)\n/.exec(block)?.[1];
  if (!file) throw new Error(`a block without a file name in its first line:\n${block}`);
  return file;
}

const read = (document: string) => readFileSync(join(root, document), "utf8");
/** As GitHub makes them into anchors. */
const headingsOf = (document: string) =>
  [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );
const placeOf = (document: string) => join(folder, basename(document, ".md"));

/** As a reader does it: file by file, in the order of the document; a file that comes again takes the place of the first. */
async function follow(document: string, visit: (step: Step, place: string) => Promise<void>): Promise<string> {
  const place = placeOf(document);
  rmSync(place, { recursive: true, force: true });
  mkdirSync(place, { recursive: true });
  for (const step of stepsOf(document)) {
    await visit(step, place);
    mkdirSync(dirname(join(place, step.file)), { recursive: true });
    writeFileSync(join(place, step.file), step.code);
  }
  return place;
}

async function compile(place: string): Promise<void> {
  const config = { extends: "../../tsconfig.json", include: ["**/*.ts"], exclude: [] };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify(config));
  const problems = await execute(join(root, "node_modules/.bin/tsc"), ["-p", place]).then(
    () => "",
    ({ stdout }: { stdout: string }) => stdout,
  );
  expect(problems).toBe("");
}

async function run(place: string, ...args: string[]): Promise<string> {
  const options = ["--conditions=moleculer-event-sourcing:source", "--disable-warning=ExperimentalWarning"];
  const { stdout } = await execute(process.execPath, [...options, ...args], { cwd: place });
  return stdout;
}

async function runByJest(place: string): Promise<void> {
  for (const file of readdirSync(place).filter((name) => name.endsWith(".test.ts")))
    writeFileSync(join(place, file), readFileSync(join(place, file), "utf8").replace(/^import .* "node:test";\n/m, ""));
  const { default: ours } = (await import("../jest.config.js")) as { default: object };
  const config = { ...ours, rootDir: place, testMatch: ["<rootDir>/*.test.ts"] };
  await run(place, "--experimental-vm-modules", jest, "--config", JSON.stringify(config));
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(documents)("The code in %s", (document) => {
  it("compiles at every step", async () => {
    const place = await follow(document, async ({ file }, place) => {
      if (existsSync(join(place, file))) await compile(place);
    });
    if (stepsOf(document).length > 0) await compile(place);
  });

  it("prints what the document says", async () => {
    let due: Step | null = null;
    const runDue = async (place: string) => {
      if (due?.prints) expect(await run(place, due.file)).toBe(due.prints);
    };
    const place = await follow(document, async (step, place) => {
      await runDue(place);
      due = step;
    });
    await runDue(place);
  });

  const hasTests = stepsOf(document).some(({ file }) => file.endsWith(".test.ts"));
  (hasTests ? it : it.skip)("passes as tests under node:test and under jest", async () => {
    const place = await follow(document, async () => {});
    await run(place, "--test");
    await runByJest(place);
  });
});

describe("The table of errors", () => {
  it("names those that there are", () => {
    const types = [...read("core/errors.ts").matchAll(/"([A-Z][A-Z_]+)"/g)].map((match) => match[1]!);
    expect(types.length).toBeGreaterThan(10);
    expect(types.filter((type) => !read("docs/operating.md").includes(`| \`${type}\``))).toEqual([]);
  });
});

describe("The links of the documents", () => {
  it("lead to files and headings that are there", () => {
    const broken = documents.flatMap((document) =>
      [...read(document).matchAll(/\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)/g)].flatMap(([link, file, heading]) => {
        const target = file ? join(dirname(document), file) : document;
        const isThere =
          existsSync(join(root, target)) && (heading === undefined || headingsOf(target).includes(heading));
        return isThere ? [] : [`${document}: ${link}`];
      }),
    );
    expect(broken).toEqual([]);
  });
});
