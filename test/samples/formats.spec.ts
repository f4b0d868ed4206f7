import { formats } from "../../core/log/stored-format.ts";
import { read } from "../support/documents.ts";

describe("The stored formats", () => {
  it("are those that docs/stability.md lists", () => {
    const rows = [...read("docs/stability.md").matchAll(/^\| `(\w+)` +\| (\d+) +\|/gm)];
    expect(Object.fromEntries(rows.map(([, kind, format]) => [kind!, Number(format)]))).toEqual(formats);
  });
});
