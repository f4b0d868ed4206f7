import { existsSync, globSync } from "node:fs";
import { dirname, join } from "node:path";
import { documents, read, root } from "./support/documents.ts";

/** As GitHub makes them into anchors. */
const headingsOf = (document: string) =>
  [...read(document).matchAll(/^#+ (.*)$/gm)].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
      .replaceAll(" ", "-"),
  );

describe("The table of errors", () => {
  it("names those that there are", () => {
    const files = [
      "errors/errors",
      "errors/snapshot-errors",
      "log/links",
      "log/claim-errors",
      "log/speculative",
      "decider/errors",
      "event/causation",
    ];
    const types = files.flatMap((file) =>
      [...read(`core/${file}.ts`).matchAll(/"([A-Z][A-Z_]+)"/g)].map((match) => match[1]!),
    );
    expect(types.length).toBeGreaterThan(10);
    expect(types.filter((type) => !read("docs/operating.md").includes(`| \`${type}\``))).toEqual([]);
  });
});

describe("The links of the documents", () => {
  it("lead to files and headings that are there", () => {
    const others = globSync(["*.md", "bench/*.md", "examples/*/*.md"], { cwd: root });
    const broken = [...new Set([...documents, ...others])].flatMap((document) =>
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

describe("The paths in the map and the decisions", () => {
  it("exist", () => {
    const missing = ["docs/architecture.md", "docs/decisions.md"].flatMap((document) =>
      [...read(document).matchAll(/`((?:core|adapters|mixins|cli|testing|test)\/[\w./-]+)`/g)]
        .map((match) => match[1]!)
        .filter((path) => !existsSync(join(root, path))),
    );
    expect(missing).toEqual([]);
  });
});
