import { changeKind, copiedDefinition, unfilledFields, type ChangeKind } from "../../../core/rows/definition-copy.ts";
import {
  definitionChanges,
  definitionHash,
  describeDefinition,
  mixedDefinition,
  type Definition,
} from "../../../core/rows/definition.ts";
import { parseFields, type FieldsInput } from "../../../core/rows/fields.ts";
import type { Mapping } from "../../../core/rows/mapping.ts";

const toRow = (event: { payload: object }) => event.payload;
const create: Mapping<unknown> = { pattern: "thing.created", operation: "create", transform: toRow };
const byAction: Mapping<unknown> = { ...create, transform: "thing.create" };
const otherwise: Mapping<unknown> = { ...create, transform: () => null };
const plain: FieldsInput = { name: "string", total: "integer" };
const wider: FieldsInput = { ...plain, city: "string" };

type Given = Partial<Omit<Definition, "fields">> & { fields?: FieldsInput };

const described = ({ fields = plain, mappings = [create], schemaVersions = [], ...more }: Given = {}) =>
  describeDefinition({ fields: parseFields("table", fields), mappings, schemaVersions, ...more });

const kindOf = (found: Given, expected: Given): ChangeKind => changeKind(described(found), described(expected));

describe("The change of a definition", () => {
  it("needs no copy if there is none", () => {
    expect(kindOf({}, {})).toBe("none");
    expect(kindOf({ definitionVersion: 1 }, { definitionVersion: 1, mappings: [otherwise] })).toBe("none");
  });

  it("is of the indexes alone if an index or the order of the fields changes, whatever the transforms are", () => {
    const indexed: FieldsInput = { name: { type: "string", index: true }, total: "integer" };
    expect(kindOf({}, { fields: indexed })).toBe("indexes");
    expect(kindOf({ fields: indexed }, {})).toBe("indexes");
    expect(kindOf({}, { fields: { total: "integer", name: "string" } })).toBe("indexes");
    expect(kindOf({ mappings: [byAction] }, { mappings: [byAction], fields: indexed })).toBe("indexes");
    const versioned = { definitionVersion: 1 };
    expect(kindOf(versioned, { ...versioned, fields: indexed, mappings: [otherwise] })).toBe("indexes");
  });

  it("is of the fields if one becomes unique, or is so no longer, or is added", () => {
    const unique: FieldsInput = { name: { type: "string", unique: true }, total: "integer" };
    expect(kindOf({}, { fields: unique })).toBe("fields");
    expect(kindOf({ fields: unique }, {})).toBe("fields");
    expect(kindOf({ mappings: [byAction] }, { mappings: [byAction], fields: unique })).toBe("fields");
    expect(kindOf({}, { fields: wider })).toBe("fields");
    expect(kindOf({}, { fields: { city: { type: "string", unique: true }, ...unique } })).toBe("fields");
    expect(kindOf({ definitionVersion: 1 }, { definitionVersion: 1, fields: wider })).toBe("fields");
  });

  it("needs a fold if a transform may fill the added field", () => {
    expect(kindOf({}, { fields: wider, mappings: [otherwise] })).toBe("fold");
    const versioned = { definitionVersion: 1 };
    expect(kindOf(versioned, { ...versioned, fields: wider, mappings: [otherwise] })).toBe("fold");
    expect(kindOf({ mappings: [byAction] }, { fields: wider, mappings: [byAction] })).toBe("fold");
    expect(kindOf({ ...versioned, mappings: [byAction] }, { ...versioned, fields: wider, mappings: [byAction] })).toBe(
      "fold",
    );
  });

  it("needs a fold for everything else, also together with a change that needs none", () => {
    const indexed: FieldsInput = { name: { type: "string", index: true }, total: "integer" };
    const others: Given[] = [
      { fields: { name: "string" } },
      { fields: { ...plain, total: "number" } },
      { fields: { ...plain, total: { type: "integer", required: true } } },
      { fields: { ...plain, city: { type: "string", required: true } } },
      { mappings: [otherwise] },
      { mappings: [create, create] },
      { mappings: [{ ...create, operation: "update" }] },
      { schemaVersions: [["thing.created", 2]] },
      { readAs: [["thing.made", "thing.created"]] },
      { definitionVersion: 2 },
    ];
    for (const other of others) {
      expect(kindOf({}, other)).toBe("fold");
      const fields: FieldsInput = { ...(other.fields ?? plain), name: { type: "string", index: true } };
      expect(kindOf({}, { ...other, fields })).toBe("fold");
    }
    expect(changeKind(mixedDefinition(described()), described({ fields: indexed }))).toBe("fold");
    expect(changeKind("", described())).toBe("fold");
  });
});

describe("The definition of a copy", () => {
  it("names the fields that no event has filled, also after another copy", () => {
    const copy = copiedDefinition(described(), described({ fields: wider }));
    expect(unfilledFields(copy)).toEqual(["city"]);
    expect(unfilledFields(copiedDefinition(copy, described({ fields: { ...wider, zip: "string" } })))).toEqual([
      "city",
      "zip",
    ]);
    expect(unfilledFields(described())).toEqual([]);
    expect(copiedDefinition(described(), described({ fields: plain }))).toBe(described());
  });

  it("is the definition that it was copied for, as is one with other sources of one version", () => {
    const copy = copiedDefinition(described(), described({ fields: wider }));
    const [one, other] = [create, otherwise].map((mapping) =>
      described({ mappings: [mapping], definitionVersion: 1 }),
    ) as [string, string];
    expect(one).not.toBe(other);
    for (const [found, expected] of [
      [copy, described({ fields: wider })],
      [one, other],
    ] as const) {
      expect(definitionChanges(found, expected)).toEqual([]);
      expect(definitionHash(found)).toBe(definitionHash(expected));
    }
    expect(definitionHash(copy)).not.toBe(definitionHash(described()));
  });
});
