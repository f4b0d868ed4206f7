import { didYouMean, nearName } from "../../../core/options/near-name.ts";

const params = ["stream", "events", "expectedVersion", "key"];

describe("The name nearest to an unknown one", () => {
  it.each([
    ["expectedVerson", "expectedVersion"],
    ["expectedversion", "expectedVersion"],
    ["expected_version", "expectedVersion"],
    ["Key", "key"],
    ["idempotencyKey", "key"],
    ["event", "events"],
    ["steram", "stream"],
    ["streamId", "stream"],
  ])("of %s is %s", (given, near) => {
    expect(nearName(given, params)).toBe(near);
  });

  it("is none where all are something else", () => {
    for (const given of ["", "x", "version", "payload", "toString", "__proto__"])
      expect(nearName(given, params)).toBeNull();
  });

  it("is never the name itself", () => {
    expect(nearName("key", params)).toBeNull();
  });

  it("is the one with the least difference", () => {
    expect(nearName("counter", ["counted", "counter_", "count"])).toBe("counter_");
  });

  it("is looked for among texts of at most 100 characters", () => {
    expect(nearName(`${"a".repeat(99)}B`, ["a".repeat(100)])).toBe("a".repeat(100));
    expect(nearName(`${"a".repeat(100)}B`, ["a".repeat(101), "a".repeat(100)])).toBeNull();
  });

  it("ends a message as a question, if there is one", () => {
    expect(didYouMean("Key", params)).toBe(" (did you mean key?)");
    expect(didYouMean("payload", params)).toBe("");
  });
});
