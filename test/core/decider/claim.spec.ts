import { Decider, EventStore, type ClaimOptions } from "moleculer-event-sourcing";
import { claimChanges, typesOf, type Claim } from "../../../core/decider/claim.ts";
import { refusal } from "../../support/broker.ts";

type Value = string | number | null | undefined | (string | number)[];

const claimOf = (ignoreCase = false): Claim =>
  Decider("order", {
    eventStore: EventStore("orderEvents", { adapter: "memory:" }),
    initialState: () => 0,
    commands: { create: { decide: () => null } },
    evolve: { "order.created": (state) => state, "order.renamed": (state) => state, "order.noted": (state) => state },
    claims: {
      number: {
        claim: {
          "order.created": ({ payload }) => payload["number"] as Value,
          "order.renamed": ({ payload }) => payload["to"] as Value,
        },
        release: { "order.renamed": ({ payload }) => payload["from"] as Value },
        ignoreCase,
      },
    },
  }).definition.claims[0]!;

type Events = Record<string, Record<string, unknown>>;

const claimBy = (other: ClaimOptions<Events> = {}): Claim =>
  Decider("order", {
    eventStore: EventStore("orderEvents", { adapter: "memory:" }),
    initialState: () => 0,
    commands: { create: { decide: () => null } },
    evolve: { "order.created": (state) => state, "order.renamed": (state) => state, "order.noted": (state) => state },
    claims: {
      number: {
        claim: { "order.created": "number" },
        release: ["order.noted"],
        replace: { "order.renamed": "to" },
        ...other,
      },
    },
  }).definition.claims[0]!;

const created = (number: unknown) => ({ type: "order.created", stream: "order-1", payload: { number } });

describe("A claim's changes", () => {
  it("follow the order of the events, and an event releases before it claims", () => {
    const renamed = { type: "order.renamed", stream: "order-1", payload: { from: "A", to: "B" } };
    const noted = { type: "order.noted", stream: "order-1", payload: { number: "C" } };
    expect(claimChanges(claimOf(), [created("A"), noted, renamed])).toEqual([
      { value: "A", given: "A", claimed: true },
      { value: "A", given: "A", claimed: false },
      { value: "B", given: "B", claimed: true },
    ]);
  });

  it("are those of a number, of each value of an array, and none for null and undefined", () => {
    const valuesOf = (number: unknown) => claimChanges(claimOf(), [created(number)]).map(({ value }) => value);
    expect(valuesOf(5)).toEqual(["5"]);
    expect(valuesOf(["a", 2])).toEqual(["a", "2"]);
    expect(valuesOf(null)).toEqual([]);
    expect(valuesOf(undefined)).toEqual([]);
    expect(valuesOf([])).toEqual([]);
  });

  it("compare without case where they are to: ß and SS, composed and decomposed letters are the same", () => {
    const valueOf = (given: string, ignoreCase = true) => claimChanges(claimOf(ignoreCase), [created(given)])[0]!.value;
    expect(valueOf("NZ-1ß")).toBe(valueOf("nz-1SS"));
    expect(valueOf("e\u0301")).toBe(valueOf("\u00c9"));
    for (const letter of ["\u0390", "\u03b0", "\u1fd7", "\u1e9e"])
      for (const same of [letter.toUpperCase(), letter.toLowerCase(), letter.normalize("NFD")])
        expect(valueOf(same)).toBe(valueOf(letter));
    expect(valueOf("NZ-1", false)).not.toBe(valueOf("nz-1", false));
  });

  it.each([
    ["an object", {}, 500],
    ["a boolean", true, 500],
    ["a date", new Date(), 500],
    ["NaN", Number.NaN, 500],
    ["an array that holds null", ["a", null], 500],
    ["an empty text", "", 422],
    ["a text of 1,001 characters", "x".repeat(1001), 422],
    ["a lone surrogate", "\ud800", 422],
    ["a text with a NUL", "a\0b", 422],
  ])("are refused where the value is %s", async (_name, number, code) => {
    expect(await refusal(() => claimChanges(claimOf(), [created(number)]))).toMatchObject({
      code,
      type: code === 500 ? "INVALID_DECISION" : "VALIDATION_ERROR",
      data: [{ field: "order/number: claim of order.created" }],
    });
  });

  it("are those at a path; a list releases all that the stream holds, and so does what replaces the value", () => {
    const renamed = { type: "order.renamed", stream: "order-1", payload: { to: "B" } };
    const noted = { type: "order.noted", stream: "order-1", payload: {} };
    const all = { value: null, given: null, claimed: false };
    expect(claimChanges(claimBy(), [created("A"), renamed, noted])).toEqual([
      { value: "A", given: "A", claimed: true },
      all,
      { value: "B", given: "B", claimed: true },
      all,
    ]);
    expect(claimChanges(claimBy(), [{ ...renamed, payload: {} }])).toEqual([all]);
    expect(typesOf(claimBy())).toEqual(["order.created", "order.noted", "order.renamed"]);
  });

  it("at a path to something else are refused with the path and what was found", async () => {
    expect(await refusal(() => claimChanges(claimBy(), [created({ no: 1 })]))).toMatchObject({
      type: "INVALID_DECISION",
      data: [{ field: "order/number: claim of order.created (payload.number)", actual: "an object" }],
    });
  });

  it("are of functions that get the entity's id", () => {
    const claim = claimBy({ claim: { "order.created": (_event, { id }) => id } });
    expect(claimChanges(claim, [created("A")])).toEqual([{ value: "1", given: "1", claimed: true }]);
  });

  it("are of one definition by paths, or by a version in place of the functions' text", () => {
    const texts = [
      claimBy({ claim: { "order.created": () => "a" } }),
      claimBy({ claim: { "order.created": () => "b" } }),
    ];
    expect(texts[0]!.fingerprint).not.toBe(texts[1]!.fingerprint);
    const versions = [1, 1, 2, "1"].map(
      (version, index) =>
        claimBy({ claim: { "order.created": index === 0 ? () => "a" : () => "b" }, version }).fingerprint,
    );
    expect(versions[0]).toBe(versions[1]);
    expect(new Set(versions).size).toBe(3);
    expect(claimBy().fingerprint).toBe(claimBy().fingerprint);
    const others: ClaimOptions<Events>[] = [
      { claim: { "order.created": "contact.number" } },
      { release: { "order.noted": "all" } },
      { release: [] },
      { ignoreCase: true },
      { version: 1 },
    ];
    const all = [claimBy(), ...others.map((other) => claimBy(other))].map(({ fingerprint }) => fingerprint);
    expect(new Set(all).size).toBe(6);
  });

  it("are of another definition where the functions or the case are", () => {
    expect(claimOf().fingerprint).toBe(claimOf().fingerprint);
    expect(claimOf().fingerprint).not.toBe(claimOf(true).fingerprint);
    expect(claimOf().scope).toBe("order/number");
  });
});
