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

  it("say nothing of a mapped type when there are more than are listed", () => {
    expect(unknownMappedTypes(["shelf.moved"], catalogue, numbered(mostTypes))).toEqual([]);
    expect(unknownMappedTypes(["shelf.moved"], catalogue, numbered(mostTypes - 1))).toHaveLength(1);
  });
});
