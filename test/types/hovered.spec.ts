import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../surface/source-file.ts";
import { LanguageServer } from "./language-server.ts";

const file = join(root, "test/types/hovered.ts");

/** The comments with an arrow, and the places that they point at: in the last line without one. */
function places(): { line: number; character: number; shown: string }[] {
  let line = 0;
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((text, index) => {
      const shown = /^\s*\/\/ +\^\? (.*)$/.exec(text)?.[1];
      if (shown !== undefined) return [{ line, character: text.indexOf("^?"), shown }];
      line = index;
      return [];
    });
}

describe("What an editor shows of a definition", () => {
  const server = new LanguageServer();

  beforeAll(async () => {
    await server.start();
    server.open(file);
  });

  afterAll(() => server.stop());

  it.each(places())("is $shown", async ({ line, character, shown }) => {
    expect(await server.hover(file, line, character)).toBe(shown);
  });
});
