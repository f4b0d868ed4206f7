import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../surface/source-file.ts";
import { LanguageServer } from "./language-server.ts";

const file = join(root, "test/types/mistakes.ts");
const expectation = /^\s*\/\/ @ts-expect-error (.*)$/;

describe("A mistake in a definition", () => {
  const server = new LanguageServer();
  const lines = readFileSync(file, "utf8").split("\n");
  const expected = lines.flatMap((line, index) => {
    const said = expectation.exec(line)?.[1];
    return said === undefined ? [] : [{ line: index + 1, said, mistake: lines[index + 1]!.trim() }];
  });
  let found: Map<number, string>;

  beforeAll(async () => {
    await server.start();
    server.open(file, lines.map((line) => (expectation.test(line) ? "" : line)).join("\n"));
    found = await server.problems(file);
  });

  afterAll(() => server.stop());

  it.each(expected)("is found by the compiler, which says $said: $mistake", ({ line, said }) => {
    expect(found.get(line)).toContain(said);
  });

  it("is found nowhere else", () => {
    expect([...found.keys()]).toEqual(expected.map(({ line }) => line));
  });
});
