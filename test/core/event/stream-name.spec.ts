import { categoryOf, isReserved, nameProblem, streamOf } from "../../../core/event/stream-name.ts";

describe("A name", () => {
  it.each(["a", "property-42", "with spaces in it", "日本-1", "-", "a--b", "$own", "😀".repeat(255), "é".repeat(255)])(
    "may be %p",
    (name) => expect(nameProblem("stream", name)).toBeNull(),
  );

  it.each([
    ["empty", ""],
    ["256 characters", "x".repeat(256)],
    ["256 characters of two units each", "😀".repeat(256)],
    ["a NUL", "a\0b"],
    ["a line break", "a\n"],
    ["DEL", "a\u007f"],
    ["a C1 control character", "\u009f"],
    ["a high surrogate alone", "a\ud83d"],
    ["a low surrogate alone", "\ude00a"],
    ["a number", 42],
    ["null", null],
    ["an object", { length: 1 }],
  ])("is never %s", (_, name) =>
    expect(nameProblem("stream", name)).toEqual({
      field: "stream",
      found: name,
      expected: expect.stringContaining("1 to 255 Unicode characters without control characters"),
    }),
  );

  it("that begins with $ is the framework's", () => {
    expect(["$a", "$", "a$", " $a"].map(isReserved)).toEqual([true, true, false, false]);
  });
});

describe("The category of a stream", () => {
  it.each([
    ["property-42", "property"],
    ["property-42-b", "property"],
    ["property", "property"],
    ["a.b-1", "a.b"],
    ["-1", ""],
    ["a-", "a"],
    ["日本-1", "日本"],
  ])("of %p is %p", (stream, category) => expect(categoryOf(stream)).toBe(category));
});

describe("The stream of a service's entity", () => {
  it.each([
    ["property", "42", "property-42"],
    ["real-estate", "42", "real_estate-42"],
    ["v2.real-estate-agency", "a-b", "v2.real_estate_agency-a-b"],
  ])("of %p and %p is %p, so that the service is its category", (service, id, stream) => {
    expect(streamOf(service, id)).toBe(stream);
    expect(categoryOf(stream)).toBe(service.replaceAll("-", "_"));
  });
});
