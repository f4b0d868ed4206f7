import { parseFields } from "../../../core/rows/fields.ts";
import { changesOf, type Operation } from "../../../core/rows/mapping.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { refusal } from "../../support/broker.ts";

const fields = parseFields("table", { name: "string", total: "integer", at: "date" });

const event: RecordedEvent = {
  id: "0190a0b0-1111-7222-8333-444455556666",
  type: "thing.created",
  stream: "thing-1",
  version: 1,
  position: 1,
  time: "2024-01-01T00:00:00.000Z",
  payload: {},
  meta: { correlationId: "a", causationId: "b" },
};

const changes = (operation: Operation, result: unknown, stream = event.stream, ordinal = 1) =>
  changesOf({ pattern: "thing.*", operation, transform: null, ordinal }, fields, { ...event, stream }, result);

describe("The changes of a transform's answer", () => {
  it.each<Operation>(["create", "createMany", "update", "updateMany", "remove"])(
    "are none for %s where the answer is null, and an error where there is none",
    (operation) => {
      expect(changes(operation, null)).toEqual([]);
      expect(() => changes(operation, undefined)).toThrow(/found undefined, expected .*, or null to change nothing/);
    },
  );

  it.each<Operation>(["create", "update"])("are one row for %s, in stored form", (operation) => {
    expect(changes(operation, { id: "7", name: "x", at: new Date(0), total: undefined })).toEqual([
      { operation, id: "7", values: { name: "x", at: "1970-01-01T00:00:00.000Z" } },
    ]);
  });

  it.each([{ name: "x" }, { id: undefined, name: "x" }, { id: null, name: "x" }])(
    "give the row %p the id of the entity, whatever the operation",
    (row) => {
      for (const operation of ["create", "update"] as const)
        expect(changes(operation, row)).toEqual([{ operation, id: "1", values: { name: "x" } }]);
      expect(changes("create", row, "thing-a-b")).toEqual([{ operation: "create", id: "a-b", values: { name: "x" } }]);
      expect(changes("remove", row)).toEqual([{ operation: "remove", id: "1" }]);
    },
  );

  it.each(["things", "things-"])(
    "give a row of the stream %p the id of the event only where it is created",
    (stream) => {
      expect(changes("create", {}, stream)).toMatchObject([{ id: event.id }]);
      expect(changes("createMany", [{}, {}], stream)).toMatchObject([{ id: `${event.id}-0` }, { id: `${event.id}-1` }]);
      for (const [operation, result] of [
        ["update", {}],
        ["remove", {}],
      ] as const)
        expect(() => changes(operation, result, stream)).toThrow(`the event's stream: found "${stream}", expected`);
      expect(changes("update", { id: "7" }, stream)).toMatchObject([{ id: "7" }]);
    },
  );

  it("of createMany give each row without an id the event's id and its index", () => {
    expect(changes("createMany", [{ total: 0 }, { id: "own", total: 1 }, { total: 2 }])).toEqual([
      { operation: "create", id: `${event.id}-0`, values: { total: 0 } },
      { operation: "create", id: "own", values: { total: 1 } },
      { operation: "create", id: `${event.id}-2`, values: { total: 2 } },
    ]);
    expect(changes("createMany", [])).toEqual([]);
  });

  it("of updateMany take the ids of the rows", () => {
    expect(changes("updateMany", [{ id: "a", total: 1 }])).toEqual([
      { operation: "update", id: "a", values: { total: 1 } },
    ]);
    expect(changes("updateMany", [])).toEqual([]);
  });

  it("add the ordinal of a further mapping, so that no two mappings make the same id", () => {
    const ids = [1, 2, 3].flatMap((ordinal) => [
      ...changes("create", { name: "x" }, "things", ordinal),
      ...changes("createMany", [{}, {}], "things", ordinal),
    ]);
    expect(new Set(ids.map(({ id }) => id)).size).toBe(9);
    expect(changes("create", {}, "things", 2)[0]!.id).toBe(`${event.id}:2`);
    expect(changes("createMany", [{}, {}], "thing-1", 2)[1]!.id).toBe(`${event.id}:2-1`);
  });

  it("are the same whenever they are asked for", () => {
    const once = changes("createMany", [{ name: "x" }, {}], "thing-1", 2);
    expect(changes("createMany", [{ name: "x" }, {}], "thing-1", 2)).toEqual(once);
  });

  it.each([
    ["an id", "7", ["7"]],
    ["a row", { id: "7", anything: 1 }, ["7"]],
    ["several of both", ["7", { id: "8" }], ["7", "8"]],
    ["an empty array", [], []],
  ])("of remove take %s", (_, result, ids) => {
    expect(changes("remove", result)).toEqual(ids.map((id) => ({ operation: "remove", id })));
  });
});

describe("A transform's wrong answer", () => {
  const row = "a row: an object of fields";
  const removed = "an id, a row, or an array of them";
  const idRule = "a string of 1 to 255 characters";
  const answer = "the transform's result";

  it.each<[Operation, unknown, string, unknown, string]>([
    ["create", "x", answer, "x", row],
    ["create", 7, answer, 7, row],
    ["create", true, answer, true, row],
    ["create", [{}], answer, "an array of 1", row],
    ["update", [], answer, "an array of 0", row],
    ["createMany", { name: "x" }, answer, "an object", "an array of rows, as createMany requires"],
    ["updateMany", "x", answer, "x", "an array of rows, as updateMany requires"],
    ["createMany", [{}, null], `${answer}.1`, null, row],
    ["createMany", [{}, "x"], `${answer}.1`, "x", row],
    ["updateMany", [[]], `${answer}.0`, "an array of 0", row],
    ["create", new Map([["name", "x"]]), answer, "a Map", row],
    [
      "update",
      new (class Thing {
        readonly name = "x";
      })(),
      answer,
      "an instance of Thing",
      row,
    ],
    ["createMany", [{}, Promise.resolve({})], `${answer}.1`, "a Promise", row],
    ["createMany", Array.from({ length: 1, 1: {} } as ArrayLike<object>), `${answer}.0`, "undefined", row],
    ["updateMany", [{ id: "1" }, {}], `${answer}.1`, "an object", "a row with an id, as updateMany requires"],
    ["create", { Total: 1 }, "Total", 1, "one of the declared fields name, total, at (did you mean total?)"],
    ["create", { id: NaN }, "id", NaN, idRule],
    ["update", { id: "" }, "id", "", idRule],
    ["remove", [Promise.resolve({})], answer, "a Promise", removed],
    ["remove", [["7"]], answer, "an array of 1", removed],
    ["remove", ["7", null], answer, null, removed],
    ["remove", true, "id", true, idRule],
    ["remove", "", "id", "", idRule],
    ["create", { colour: "red" }, "colour", "red", "one of the declared fields name, total, at"],
    ["update", { total: 0.5 }, "total", 0.5, "a whole number"],
  ])(
    "to %s of %p names the field, what was found and what was expected",
    async (operation, result, field, found, expected) => {
      const error = await refusal(() => changes(operation, result));
      expect(error).toMatchObject({ name: "InvalidRowError", code: 500, type: "INVALID_ROW", retryable: false });
      expect(error.data).toMatchObject([{ field, actual: found, expected }]);
    },
  );
});
