import { execFile } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import { documents, read, root } from "../support/documents.ts";

const execute = promisify(execFile);
// Inside the checkout, so that the blocks find the package by its name as an installed one.
const folder = join(root, ".docs");
const jest = join(root, "node_modules/jest/bin/jest.js");
const innerJest = join(root, "test/support/inner.jest.config.js");

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

const placeOf = (document: string) => join(folder, basename(document, ".md"));

/**
 * As a reader does it: file by file, in the order of the document; a file that comes again takes the place of the first.
 * `isWhole`: what is there now belongs together, since the next file is none of these or one that is to be replaced.
 */
function* follow(document: string): Generator<Step & { place: string; isWhole: boolean }> {
  const place = placeOf(document);
  rmSync(place, { recursive: true, force: true });
  const steps = stepsOf(document);
  for (const [index, step] of steps.entries()) {
    const file = join(place, step.file);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, step.code);
    const next = steps[index + 1];
    yield { ...step, place, isWhole: !next || existsSync(join(place, next.file)) };
  }
}

/** What the compiler says. */
async function compile(place: string): Promise<string> {
  // The package and its types are looked at once.
  const compilerOptions = { incremental: true, tsBuildInfoFile: join(place, ".tsbuildinfo") };
  const config = { extends: "../../tsconfig.json", compilerOptions, include: ["**/*.ts"], exclude: [] };
  writeFileSync(join(place, "tsconfig.json"), JSON.stringify(config));
  return execute(join(root, "node_modules/.bin/tsc"), ["-p", place]).then(
    () => "",
    ({ stdout }: { stdout: string }) => stdout,
  );
}

async function run(place: string, ...args: string[]): Promise<string> {
  const options = ["--conditions=moleculer-event-sourcing:source", "--disable-warning=ExperimentalWarning"];
  const { stdout } = await execute(process.execPath, [...options, ...args], { cwd: place });
  return stdout;
}

async function runByJest(place: string): Promise<void> {
  const config = ["--config", innerJest, "--rootDir", place, "--testMatch", "**/*.test.ts"];
  await run(place, "--experimental-vm-modules", jest, ...config);
}

afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe.each(documents.filter((document) => stepsOf(document).length > 0))("The code in %s", (document) => {
  it("compiles at every step", async () => {
    let problems = "";
    for (const { place, isWhole } of follow(document)) if (isWhole) problems += await compile(place);
    expect(problems).toBe("");
  });

  it("prints what the document says", async () => {
    const printed: string[] = [];
    for (const { place, file, prints } of follow(document)) if (prints !== null) printed.push(await run(place, file));
    expect(printed).toEqual(stepsOf(document).flatMap(({ prints }) => prints ?? []));
  });
});

const isTest = ({ file }: Step) => file.endsWith(".test.ts");

describe.each(documents.filter((document) => stepsOf(document).some(isTest)))("The tests in %s", (document) => {
  it("pass under node:test", async () => {
    const [place] = [...follow(document)].map((step) => step.place);
    expect(await run(place!, "--test")).toMatch(/^. pass [1-9]/m);
  });

  it("pass under jest, without their import of node:test", async () => {
    for (const { place, file, code } of [...follow(document)].filter(isTest))
      writeFileSync(join(place, file), code.replace(/^import .* "node:test";\n/m, ""));
    await expect(runByJest(placeOf(document))).resolves.toBeUndefined();
  });
});
