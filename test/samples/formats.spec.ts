import { readdirSync } from "node:fs";
import { formats } from "../../core/log/stored-format.ts";
import { read } from "../support/documents.ts";
import { formatsOf, newestFormat } from "./samples.ts";

describe("The stored formats", () => {
  it("are those that docs/stability.md lists", () => {
    const rows = [...read("docs/stability.md").matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm)];
    expect(Object.fromEntries(rows.map(([, kind, format]) => [kind!, Number(format)]))).toEqual(formats);
  });
});

/** Folders without stored data of their own: `memory` keeps nothing when its process ends. */
const without = ["memory", "parts"];

describe("The newest format", () => {
  const entries = readdirSync(new URL("../../adapters", import.meta.url), { withFileTypes: true });
  const engines = entries.filter((entry) => entry.isDirectory() && !without.includes(entry.name));

  it.each(engines)("has a sample of $name", ({ name }) => {
    expect(formatsOf(name)).toContain(newestFormat);
  });
});
