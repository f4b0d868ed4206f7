import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../surface/source-file.ts";

const source = join(root, "test/types/mistakes.ts");
const expectation = /^\s*\/\/ @ts-expect-error (.*)$/;

/** What the compiler says of each line of `text`. */
function problemsByLine(text: string): Map<number, string> {
  const folder = mkdtempSync(join(root, "test/types/mistakes-"));
  try {
    writeFileSync(join(folder, "mistakes.ts"), text);
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({ extends: "../../../tsconfig.json", include: ["*.ts"] }),
    );
    return parsed(outputOf(folder));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

function outputOf(folder: string): string {
  try {
    return execFileSync(join(root, "node_modules/.bin/tsc"), ["-p", folder, "--pretty", "false"], { encoding: "utf8" });
  } catch (error) {
    return (error as { stdout: string }).stdout;
  }
}

/** A problem begins with `<file>(<line>,<column>)`; the lines of its reasons are indented. */
function parsed(output: string): Map<number, string> {
  const byLine = new Map<number, string>();
  for (const problem of output.split(/\n(?=\S)/)) {
    const line = Number(/\((\d+),/.exec(problem)?.[1]);
    if (line > 0) byLine.set(line, `${byLine.get(line) ?? ""}${problem}\n`);
  }
  return byLine;
}

describe("a mistake in a definition", () => {
  const lines = readFileSync(source, "utf8").split("\n");
  const expected = lines.flatMap((line, index) => {
    const said = expectation.exec(line)?.[1];
    return said === undefined ? [] : [[index + 2, said] as const];
  });
  const found = problemsByLine(lines.map((line) => (expectation.test(line) ? "" : line)).join("\n"));

  it.each(expected)("is found at line %i of mistakes.ts: %s", (line, said) => {
    expect(found.get(line)).toContain(said);
  });

  it("is found nowhere else", () => {
    expect([...found.keys()]).toEqual(expected.map(([line]) => line));
  });
});
