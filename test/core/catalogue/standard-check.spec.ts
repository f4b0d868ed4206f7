import { type } from "arktype";
import Joi from "joi";
import * as v from "valibot";
import { z } from "zod";
import { catalogueChanges, parseCatalogue, type EventCatalogue } from "../../../core/catalogue/catalogue.ts";
import { checkAgainst } from "../../../core/catalogue/catalogue-check.ts";
import { upcast } from "../../../core/catalogue/upcast.ts";
import type { PayloadSchema } from "../../../core/catalogue/payload-schema.ts";
import { isProblem, toJson } from "../../../core/json/json.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

const meta = { correlationId: "1", causationId: "1" };
const opened = { id: "1", type: "account.opened", stream: "account-1", meta };
const stored = (payload: RecordedEvent["payload"], schemaVersion = 1): RecordedEvent => ({
  ...opened,
  version: 1,
  position: 1,
  time: "2026-01-01T00:00:00.000Z",
  payload,
  meta: { ...meta, schemaVersion },
});

const catalogueOf = (payload: PayloadSchema, more: Partial<EventCatalogue[string]> = {}) =>
  parseCatalogue("bank", { "account.opened": { payload, ...more } });

/** The stored payload, or the problems. */
function check(payload: PayloadSchema, sent: unknown): unknown {
  const json = toJson("payload", sent);
  if (isProblem(json) || "atLeast" in json) throw new Error("no JSON");
  const checked = checkAgainst(catalogueOf(payload), "events.0", opened, json);
  return Array.isArray(checked) ? checked : checked.body.value;
}

const field = "events.0.payload";

describe("A payload's Standard Schema", () => {
  it.each<[string, PayloadSchema]>([
    ["zod", z.object({ owner: z.object({ name: z.string() }), tags: z.array(z.string()) })],
    ["valibot", v.object({ owner: v.object({ name: v.string() }), tags: v.array(v.string()) })],
    ["arktype", type({ owner: { name: "string" }, tags: "string[]" })],
    ["joi", Joi.object({ owner: { name: Joi.string().required() }, tags: Joi.array().items(Joi.string()).required() })],
  ])("of %s names the fields of its problems", (_library, payload) => {
    const fine = { owner: { name: "Ann" }, tags: ["a"] };
    expect(check(payload, fine)).toEqual(fine);
    expect(check(payload, { owner: { name: 5 }, tags: ["a"] })).toMatchObject([
      { field: `${field}.owner.name`, found: 5, expected: expect.stringContaining("string") as string },
    ]);
    expect(check(payload, { ...fine, tags: [5] })).toMatchObject([{ field: `${field}.tags.0`, found: 5 }]);
  });

  it("is stored as its output, with defaults and conversions", () => {
    const payload = z.object({ name: z.string().trim(), currency: z.string().default("NZD") });
    expect(check(payload, { name: " Ann " })).toEqual({ name: "Ann", currency: "NZD" });
  });

  it("decides what becomes of undeclared fields", () => {
    const sent = { name: "Ann", more: 1 };
    expect(check(z.object({ name: z.string() }), sent)).toEqual({ name: "Ann" });
    expect(check(z.looseObject({ name: z.string() }), sent)).toEqual(sent);
    expect(check(type({ name: "string" }), sent)).toEqual(sent);
    expect(check(z.strictObject({ name: z.string() }), sent)).toMatchObject([{ field: `${field}.more`, found: 1 }]);
    expect(check(v.strictObject({ name: v.string() }), sent)).toMatchObject([{ field: `${field}.more`, found: 1 }]);
  });

  it.each<[string, PayloadSchema, unknown, string]>([
    ["a Date", z.object({ on: z.coerce.date() }), { on: "2026-01-01" }, `${field}.on`],
    ["a Map", z.object({ on: z.any().transform(() => new Map([[1, 2]])) }), { on: 1 }, `${field}.on`],
    ["a BigInt", z.object({ n: z.coerce.bigint() }), { n: 5 }, `${field}.n`],
  ])("must not return %s", (_what, payload, sent, at) => {
    expect(check(payload, sent)).toMatchObject([{ field: at }]);
  });

  it("must be synchronous", () => {
    expect(() => catalogueOf(v.objectAsync({ name: v.string() }))).toThrow(
      "bank.events.account.opened.payload: found an asynchronous schema, expected a synchronous check",
    );
    const payload = z.object({ name: z.string().refine(() => Promise.resolve(true)) });
    expect(check(payload, { name: "Ann" })).toMatchObject([
      { field, expected: "a synchronous check: an append does not wait for checks" },
    ]);
  });

  it("that throws is a problem of the payload", () => {
    const broken = () => {
      throw new Error("broken");
    };
    expect(check(v.pipe(v.object({ name: v.string() }), v.check(broken)), { name: "Ann" })).toMatchObject([
      { field, expected: "a payload that can be checked (Error: broken)" },
    ]);
    expect(check(z.object({ name: z.string() }).refine(broken), { name: "Ann" })).toMatchObject([{ field }]);
  });

  it("does not stand for one field", () => {
    for (const payload of [{ name: z.string() }, { owner: { type: "object", props: { name: v.string() } } }])
      expect(() => catalogueOf(payload)).toThrow("a Standard Schema of the whole, such as z.object({ … })");
  });

  it("checks what upcasters return", () => {
    const catalogue = catalogueOf(z.object({ cents: z.int() }), {
      schemaVersion: 3,
      upcasters: { 1: ({ euros }) => ({ cents: (euros as number) * 100 }), 2: () => ({ cents: "many" }) },
    });
    expect(() => upcast(catalogue, stored({ euros: 5 }))).toThrow("payload.cents: Invalid input: expected number");
    expect(upcast(catalogue, stored({ cents: 5 }, 3))).toMatchObject([{ payload: { cents: 5 } }]);
  });

  it("recognises a stored event whose payload it would not accept again", () => {
    const payload = z.object({ length: z.string().transform((text) => text.length) });
    const json = toJson("payload", { length: "abc" });
    if (isProblem(json) || "atLeast" in json) throw new Error("no JSON");
    const checked = checkAgainst(catalogueOf(payload), "events.0", opened, json);
    const isSame = (length: number) => !Array.isArray(checked) && checked.isSameToday!(stored({ length }));
    expect([isSame(3), isSame(4)]).toEqual([true, false]);
  });
});

describe("The catalogue of Standard Schemas", () => {
  it.each<[string, () => PayloadSchema, PayloadSchema]>([
    ["zod", () => z.object({ name: z.string(), on: z.iso.date() }), z.object({ name: z.string().min(2) })],
    ["arktype", () => type({ name: "string" }), type({ name: "string > 2" })],
    ["joi", () => Joi.object({ name: Joi.string() }), Joi.object({ name: Joi.string().min(2) })],
  ])("of %s is equal for equal schemas", (_library, schema, other) => {
    expect(catalogueChanges(catalogueOf(schema()), catalogueOf(schema()))).toEqual([]);
    expect(catalogueChanges(catalogueOf(schema()), catalogueOf(other))).not.toEqual([]);
  });

  it("is equal for schemas of a library without JSON Schema, unless their versions differ", () => {
    const schema = (name: string) => v.object({ [name]: v.string() });
    expect(catalogueChanges(catalogueOf(schema("a")), catalogueOf(schema("b")))).toEqual([]);
    expect(catalogueChanges(catalogueOf(schema("a")), catalogueOf(schema("a"), { schemaVersion: 2 }))).toHaveLength(1);
  });

  it("may be recursive", () => {
    const node = z.object({
      name: z.string(),
      get children() {
        return z.array(node);
      },
    });
    expect(check(node, { name: "a", children: [{ name: "b", children: [] }] })).toMatchObject({ name: "a" });
    expect(check(node, { name: "a", children: [{ name: 5, children: [] }] })).toMatchObject([
      { field: `${field}.children.0.name` },
    ]);
  });
});
