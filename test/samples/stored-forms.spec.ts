import { formsIn } from "./stored-forms.ts";

const row = (value: object, key = "a") => ({ state: [{ key, value: JSON.stringify(value), revision: 3 }] });
const id = (digit: string) => `${digit.repeat(8)}-1111-7111-8111-111111111111`;
const stored = (more: object = {}) =>
  row({ $format: 1, id: id("a"), time: "2026-01-01T00:00:00.000Z", count: 5, ...more });

describe("The form of what is stored", () => {
  it("is the same for other ids, times and counts", () => {
    const other = { id: id("b"), time: "2027-01-01T00:00:00.000Z", count: 6 };
    expect(formsIn(stored(other))).toEqual(formsIn(stored()));
  });

  it.each([
    ["renamed", row({ $format: 1, id: id("a"), at: "2026-01-01T00:00:00.000Z", count: 5 })],
    ["added", stored({ more: 1 })],
    ["of another type", stored({ count: "5" })],
    ["of another word", stored({ time: "never" })],
  ])("differs if a field is %s", (_, other) => {
    expect(formsIn(other)).not.toEqual(formsIn(stored()));
  });

  it("differs for another number of the format, or another key", () => {
    expect(formsIn(stored({ $format: 2 }))).not.toEqual(formsIn(stored()));
    expect(formsIn(row({}, "b"))).not.toEqual(formsIn(row({})));
  });
});
