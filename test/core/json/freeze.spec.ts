import { freezeDeep } from "../../../core/json/freeze.ts";

describe("A frozen value", () => {
  it("is so all the way down, also in a circle", () => {
    const inner = { list: [{ a: 1 }] };
    const value: Record<string, unknown> = { inner };
    value["itself"] = value;
    expect(freezeDeep(value)).toBe(value);
    expect([value, inner, inner.list, inner.list[0]].every(Object.isFrozen)).toBe(true);
  });

  it("may contain bytes, which cannot be frozen", () => {
    const value = { bytes: Buffer.from("abc"), view: new DataView(new ArrayBuffer(2)), inner: { a: 1 } };
    freezeDeep(value);
    expect(Object.isFrozen(value.inner)).toBe(true);
  });
});
