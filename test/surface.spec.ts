import { readFileSync } from "node:fs";
import { surface, surfaceFile } from "./surface/surface.ts";

describe("The surface", () => {
  it("is that of test/surface/surface.txt; if a change is meant, run `npm run surface` and note it in CHANGELOG.md", async () => {
    expect(await surface()).toBe(readFileSync(surfaceFile, "utf8"));
  });
});
