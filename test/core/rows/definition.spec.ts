import { definitionChanges, describeDefinition, type Definition } from "../../../core/rows/definition.ts";
import { parseFields, type FieldsInput } from "../../../core/rows/fields.ts";
import type { Mapping } from "../../../core/rows/mapping.ts";
import { asData } from "../../../core/errors/problem.ts";

const plain: FieldsInput = { name: "string" };
const toRow = (event: { payload: object }) => event.payload;
const create: Mapping<unknown> = { pattern: "thing.created", operation: "create", transform: toRow };
const remove: Mapping<unknown> = { pattern: "thing.removed", operation: "remove", transform: "thing.remove" };

const described = ({
  fields = plain,
  mappings = [create, remove],
  schemaVersions = [],
  ...more
}: Partial<Omit<Definition, "fields">> & { fields?: FieldsInput } = {}) =>
  describeDefinition({ fields: parseFields("table", fields), mappings, schemaVersions, ...more });

/** The changes as an error shows them. */
const changes = (from: string, to: string) =>
  asData(definitionChanges(from, to)).map(({ field, actual, expected }) => ({ field, found: actual, expected }));
const changed = (to: string) => changes(described(), to);

describe("A definition", () => {
  it("is the same for the same fields, mappings and transforms", () => {
    expect(changed(described())).toEqual([]);
    expect(described({ definitionVersion: undefined })).toBe(described());
  });

  it("differs by a field that is added, removed or of another type", () => {
    expect(changed(described({ fields: { name: "integer", city: "string" } }))).toEqual([
      { field: "fields.name.type", found: '"string"', expected: '"integer"' },
      { field: "fields.city", found: "none", expected: expect.stringContaining('"city"') },
    ]);
    expect(changed(described({ fields: { other: "string" } }))).toHaveLength(2);
    expect(changed(described({ fields: { name: { type: "string", index: true } } }))).toEqual([
      { field: "fields.name.index", found: "false", expected: "true" },
    ]);
  });

  it("differs by an event type, an operation and an action's name", () => {
    const moved = { ...remove, pattern: "thing.gone" };
    const updated = { ...create, operation: "update" as const };
    expect(changed(described({ mappings: [updated, moved] })).map(({ field }) => field)).toEqual([
      "on.thing.created",
      "on.thing.removed",
      "on.thing.gone",
    ]);
    expect(changed(described({ mappings: [create, { ...remove, transform: "thing.drop" }] }))).toEqual([
      { field: "on.thing.removed", found: "remove by action thing.remove", expected: "remove by action thing.drop" },
    ]);
  });

  it("differs by the schema version of a mapped type", () => {
    const second = described({ schemaVersions: [["thing.created", 2]] });
    const both = [{ field: "events.thing.created.schemaVersion", found: "1", expected: "2" }];
    expect(changed(second)).toEqual(both);
    expect(changes(second, described())).toMatchObject([{ found: "2", expected: "1" }]);
    expect(described({ schemaVersions: [] })).toBe(described());
  });

  it("differs by the order of its mappings, and by a further one of a type", () => {
    expect(changed(described({ mappings: [remove, create] }))).toMatchObject([{ field: "on" }]);
    expect(changed(described({ mappings: [create, remove, create] }))).toMatchObject([
      { field: "on.thing.created (2)", found: "none" },
    ]);
  });

  it("differs by a function's source, unless a version replaces it", () => {
    const other = { ...create, transform: () => null };
    expect(changed(described({ mappings: [other, remove] }))).toMatchObject([{ field: "on.thing.created" }]);
    const versioned = (mapping: Mapping<unknown>, version: number) =>
      described({ mappings: [mapping, remove], definitionVersion: version });
    expect(changes(versioned(create, 1), versioned(other, 1))).toEqual([]);
    expect(changes(versioned(create, 1), versioned(other, 2))).toEqual([
      { field: "definitionVersion", found: 1, expected: "2" },
    ]);
  });

  it("differs by the order of its fields", () => {
    expect(
      changes(described({ fields: { a: "string", b: "string" } }), described({ fields: { b: "string", a: "string" } })),
    ).toMatchObject([{ field: "fields", found: "another order" }]);
  });

  it("without a description differs from none", () => {
    expect(changes("", described())).toEqual([]);
  });
});
