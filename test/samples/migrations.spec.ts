import { changedMigrations, frozenHashes, presentHashes } from "./migrations.ts";

describe("A migration", () => {
  it("never changes: only new ones are added after it", () => {
    expect(changedMigrations(frozenHashes(), presentHashes())).toEqual([]);
  });

  it("is frozen once it is there", () => {
    expect(presentHashes()).toEqual(frozenHashes());
  });
});
