import { emptyCatalogue, parseCatalogue } from "../../../core/catalogue/catalogue.ts";
import { formerNamesOf, withHostNames, withNewNames } from "../../../core/catalogue/new-names.ts";
import { newerThan } from "../../../core/catalogue/newer-event.ts";
import { typeMatcher } from "../../../core/event/type-pattern.ts";

const older = parseCatalogue("library", { "book.lent": {}, "book.returned": {} });
const newer = parseCatalogue("library", { "loan.lent": { renamedFrom: ["book.lent"] }, "book.returned": {} });
const recorded = Object.fromEntries(newer.formerNames);

const handling = (...types: string[]) => ({ isWanted: typeMatcher(types), exact: new Set(types) });

const event = (type: string, schemaVersion = 1) => ({
  id: "e",
  type,
  stream: "loan-1",
  version: 1,
  position: 7,
  time: "2026-01-01T00:00:00.000Z",
  payload: {},
  meta: { correlationId: "c", causationId: "c", schemaVersion },
});

describe("The new name of a type", () => {
  it("is recorded with the former ones", () => {
    expect(recorded).toEqual({ "loan.lent": ["book.lent"] });
    expect(older.formerNames.size).toBe(0);
    expect(formerNamesOf(recorded, [event("book.lent")])).toBeUndefined();
    expect(formerNamesOf(recorded, [event("book.lent"), event("loan.lent")])).toEqual(recorded);
  });

  it("is recorded for a type that an upcaster makes of another one, unless it also makes events of that one", () => {
    const to = (...types: string[]) => ({ schemaVersion: 2, upcasters: { 1: { to: types, upcast: () => null } } });
    const { formerNames } = parseCatalogue("library", {
      "book.lent": { ...to("loan.made", "loan.ended"), renamedFrom: ["book.given"] },
      "loan.ended": to("end.noted", "loan.ended"),
      "loan.made": to("loan.begun"),
      "loan.begun": to("loan.made"),
      "end.noted": {},
    });
    expect(Object.fromEntries(formerNames)).toEqual({
      "book.lent": ["book.given"],
      "loan.made": ["book.lent", "book.given", "loan.begun"],
      "loan.begun": ["loan.made", "book.lent", "book.given"],
      "loan.ended": ["book.lent", "book.given"],
    });
  });

  it.each([
    ["with a catalogue, by name", older, ["book.lent"], "book.lent"],
    ["with a catalogue, by a pattern", older, ["book.*"], "book.lent"],
    ["with a catalogue, by a pattern that matches both names", older, ["**"], "book.lent"],
    ["without a catalogue, by name", emptyCatalogue, ["book.lent"], "book.lent"],
    ["without a catalogue, by a pattern", emptyCatalogue, ["book.*"], undefined],
    ["another type", older, ["book.returned"], undefined],
    ["by either name", older, ["book.lent", "loan.lent"], undefined],
    ["of the release that renamed it", newer, ["loan.lent", "book.*"], undefined],
  ])("is newer than a reader that maps it %s, or not", (_, catalogue, types, former) => {
    expect(withNewNames(catalogue, recorded, handling(...types)).newNames.get("loan.lent")).toBe(former);
  });

  it("is known by any of its former names, also by one that was renamed before", () => {
    const between = parseCatalogue("library", { "book.given": { renamedFrom: ["book.lent"] } });
    const names = { "loan.lent": ["book.sold", "book.lent", "book.given"] };
    expect(withNewNames(between, names, handling("book.given")).newNames.get("loan.lent")).toBe("book.lent");
  });

  it("makes an event newer, whatever its version", () => {
    const catalogue = withNewNames(older, recorded, handling("book.lent"));
    expect(newerThan(catalogue, event("loan.lent", 3))).toMatchObject({ schemaVersion: 3, formerName: "book.lent" });
    expect(newerThan(catalogue, event("loan.lent", -3))).toMatchObject({ schemaVersion: 1 });
    expect(newerThan(catalogue, event("book.lent"))).toBeNull();
  });
});

describe("A store's host that reads for others", () => {
  it("takes a reader for older that names a type by a former name here, whichever is stored", () => {
    const { newNames } = withHostNames(newer, recorded, handling("book.lent", "book.returned"));
    expect([...newNames]).toEqual([
      ["loan.lent", "book.lent"],
      ["book.lent", "book.lent"],
    ]);
    const catalogue = withHostNames(newer, recorded, handling("book.lent"));
    expect(newerThan(catalogue, event("book.lent"))).toMatchObject({ type: "loan.lent", formerName: "book.lent" });
  });

  it("does not, if the reader names today's name too, or none without wildcards", () => {
    expect(withHostNames(newer, recorded, handling("book.lent", "loan.lent"))).toBe(newer);
    expect(withHostNames(newer, recorded, handling("book.*", "loan.*"))).toBe(newer);
  });
});
