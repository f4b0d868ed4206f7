import { conflictOf, expectedVersionProblem, type ExpectedVersion } from "../../../core/log/expected-version.ts";

describe("An expected version", () => {
  it.each([0, 1, Number.MAX_SAFE_INTEGER, "any", "no-stream", "stream-exists"])("may be %p", (found) =>
    expect(expectedVersionProblem(found)).toBeNull(),
  );

  it.each([-1, 0.5, NaN, Infinity, 2 ** 53, "0", "", "Any", null, undefined, true, [0], 1n])("is never %p", (found) =>
    expect(expectedVersionProblem(found)).toEqual({
      field: "expectedVersion",
      found,
      expected: 'a whole number from 0, "no-stream", "stream-exists" or "any"',
    }),
  );

  it.each<[ExpectedVersion, number]>([
    ["any", 0],
    ["any", 7],
    ["no-stream", 0],
    [0, 0],
    ["stream-exists", 1],
    ["stream-exists", 7],
    [7, 7],
  ])("of %p agrees with a stream at version %p", (expected, actual) =>
    expect(conflictOf("thing-1", expected, actual)).toBeNull(),
  );

  it.each<[ExpectedVersion, number]>([
    ["no-stream", 1],
    [0, 1],
    ["stream-exists", 0],
    [1, 0],
    [6, 7],
    [8, 7],
  ])("of %p conflicts with a stream at version %p", (expected, actual) => {
    const conflict = conflictOf("thing-1", expected, actual);
    expect(conflict).toMatchObject({
      name: "VersionConflictError",
      code: 409,
      type: "VERSION_CONFLICT",
      retryable: false,
      data: { stream: "thing-1", expected, actual },
    });
    expect(conflict!.message).toBe(`stream "thing-1": found version ${actual}, expected ${expected}`);
  });
});
