import * as fc from "fast-check";

/** A schema of a payload, for fastest-validator and as an independent plain check. */
export interface Rule {
  rule: object;
  accepts: (value: unknown) => boolean;
  /** Values that it accepts. */
  good: fc.Arbitrary<unknown>;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Few values, so that boundaries are frequent. */
const number = fc.oneof(fc.integer({ min: -6, max: 6 }), fc.constantFrom(0.5, -2.5));
const text = fc.string({ maxLength: 5 });

const strings = fc.record({ min: fc.nat(2), room: fc.nat(3) }).map(({ min, room }): Rule => ({
  rule: { type: "string", min, max: min + room },
  accepts: (value) => typeof value === "string" && value.length >= min && value.length <= min + room,
  good: fc.array(fc.constantFrom("a", "é", " "), { minLength: min, maxLength: min + room }).map((all) => all.join("")),
}));

const numbers = fc
  .record({ min: fc.integer({ min: -5, max: 0 }), max: fc.nat(5), integer: fc.boolean() })
  .map(({ min, max, integer }): Rule => ({
    rule: { type: "number", min, max, ...(integer && { integer }) },
    accepts: (value) =>
      typeof value === "number" && value >= min && value <= max && (!integer || Number.isInteger(value)),
    good: fc.integer({ min, max }),
  }));

const booleans = fc.constant<Rule>({
  rule: { type: "boolean" },
  accepts: (value) => typeof value === "boolean",
  good: fc.boolean(),
});

const enums = fc.uniqueArray(fc.constantFrom("a", "b", "c"), { minLength: 1 }).map((values): Rule => ({
  rule: { type: "enum", values },
  accepts: (value) => (values as unknown[]).includes(value),
  good: fc.constantFrom(...values),
}));

const arrayOf = (items: Rule, max: number): Rule => ({
  rule: { type: "array", items: items.rule, max },
  accepts: (value) => Array.isArray(value) && value.length <= max && value.every((item) => items.accepts(item)),
  good: fc.array(items.good, { maxLength: max }),
});

interface Field {
  of: Rule;
  /** fastest-validator treats null as absent. */
  optional: boolean;
}

const fieldAccepts = ({ of, optional }: Field, value: unknown) =>
  value === undefined || value === null ? optional : of.accepts(value);

function objectOf(fields: Readonly<Record<string, Field>>, strict: boolean): Rule {
  const entries = Object.entries(fields);
  const props = Object.fromEntries(
    entries.map(([name, { of, optional }]) => [name, { ...of.rule, ...(optional && { optional }) }]),
  );
  const required = entries.flatMap(([name, { optional }]) => (optional ? [] : [name]));
  return {
    rule: { type: "object", props, ...(!strict && { strict }) },
    accepts: (value) =>
      isObject(value) &&
      entries.every(([name, field]) => fieldAccepts(field, value[name])) &&
      (!strict || Object.keys(value).every((name) => name in fields)),
    good: fc.record(Object.fromEntries(entries.map(([name, { of }]) => [name, of.good])), {
      requiredKeys: required,
      noNullPrototype: true,
    }),
  };
}

/** The payload is an object with the fields `a` to `d`, of any rule, two levels deep. */
export const objectRule: fc.Arbitrary<Rule> = fc.letrec<{ rule: Rule; object: Rule; array: Rule }>((tie) => ({
  rule: fc.oneof(
    { maxDepth: 2, withCrossShrink: true },
    strings,
    numbers,
    booleans,
    enums,
    tie("array"),
    tie("object"),
  ),
  array: fc.tuple(tie("rule"), fc.nat(3)).map(([items, max]) => arrayOf(items, max)),
  object: fc
    .tuple(
      fc.dictionary(fc.constantFrom("a", "b", "c", "d"), fc.record({ of: tie("rule"), optional: fc.boolean() }), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
      fc.boolean(),
    )
    .map(([fields, strict]) => objectOf(fields, strict)),
})).object;

const anything: fc.Arbitrary<unknown> = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 2 },
    number,
    text,
    fc.boolean(),
    fc.constantFrom(null, "a", "b"),
    fc.array(tie("value"), { maxLength: 3 }),
    fc.dictionary(fc.constantFrom("a", "b", "c", "d", "e"), tie("value"), { maxKeys: 4, noNullPrototype: true }),
  ),
})).value;

/** A payload that fits, sometimes with one part replaced, or any value. */
export const payloadNear = ({ good }: Rule): fc.Arbitrary<unknown> =>
  fc.oneof(
    good,
    fc
      .tuple(good, fc.constantFrom("a", "b", "c", "d", "e"), anything)
      .map(([payload, name, other]) => ({ ...(payload as object), [name]: other })),
    anything,
  );
