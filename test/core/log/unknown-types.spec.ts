import { parseCatalogue } from "../../../core/catalogue/catalogue.ts";
import { mostTypes, unknownMappedTypes, unknownStoredTypes } from "../../../core/log/unknown-types.ts";

const catalogue = parseCatalogue("library", { "book.lent": {} });
const numbered = (count: number) => Array.from({ length: count }, (_, n) => ({ type: `shelf.n${n}`, count: 1 }));

describe("Many unknown types", () => {
  it("are named up to 20 of them", () => {
    const message = unknownStoredTypes(catalogue, numbered(25));
    expect(message).toContain("shelf.n19, 1 event and 5 more; expected");
    expect(message).not.toContain("shelf.n20");
  });

  it("are named with the name that they have in this release", () => {
    const found = [
      { type: "loan.lent", count: 2 },
      { type: "shelf.moved", count: 1 },
    ];
    const recorded = { "loan.lent": ["loan.made", "book.lent"], "shelf.moved": ["case.moved"] };
    expect(unknownStoredTypes(catalogue, found, recorded)).toContain(
      "have: loan.lent, 2 events (of a newer release, formerly book.lent), shelf.moved, 1 event; expected",
    );
  });

  it("say nothing of a mapped type when there are more than are listed", () => {
    expect(unknownMappedTypes(["shelf.moved"], catalogue, numbered(mostTypes))).toEqual([]);
    expect(unknownMappedTypes(["shelf.moved"], catalogue, numbered(mostTypes - 1))).toHaveLength(1);
  });
});
