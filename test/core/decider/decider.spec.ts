import { Decider, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { decide, evolve, initialStateOf } from "../../../core/decider/decider.ts";
import { refusal } from "../../support/broker.ts";

type Events = {
  "bin.filled": { item: string };
  "bin.emptied": Record<string, unknown>;
};
interface Bin {
  items: string[];
}

const events = EventStore<Events>("binEvents", { adapter: "memory:" });

const event = (type: string, payload: object = {}, version = 1): RecordedEvent => ({
  id: `id-${version}`,
  type,
  stream: "bin-1",
  version,
  position: version,
  time: "2026-01-01T00:00:00.000Z",
  payload: { ...payload },
  meta: { correlationId: "a", causationId: "b" },
});

const bin = (answer: unknown) =>
  Decider("bin", {
    eventStore: events,
    initialState: (): Bin => ({ items: [] }),
    commands: { fill: { decide: () => answer as null } },
    evolve: {
      "bin.filled": ({ items }, { payload }) => ({ items: [...items, payload.item] }),
      "bin.emptied": () => ({ items: [] }),
    },
  }).definition;

const decided = (answer: unknown) => decide(bin(answer), "fill", { items: [] }, { id: "1" }, null);

describe("What decide answers", () => {
  it("is one event, several, or none", async () => {
    const one = { type: "bin.filled", payload: { item: "a" } };
    expect(await decided(one)).toEqual([one]);
    expect(await decided([one, { type: "bin.emptied" }])).toEqual([one, { type: "bin.emptied" }]);
    expect(await decided(Promise.resolve(one))).toEqual([one]);
    for (const nothing of [[], null, undefined]) expect(await decided(nothing)).toEqual([]);
  });

  it.each([
    ["true", true, "bin.fill: decide"],
    ["a type alone", "bin.filled", "bin.fill: decide"],
    ["an array of arrays", [[]], "bin.fill: decide[0]"],
    ["a hole", Array.from({ length: 1 }), "bin.fill: decide[0]"],
    ["no type", { payload: {} }, "bin.fill: decide.type"],
    ["a wildcard", { type: "bin.*" }, "bin.fill: decide.type"],
    ["a type of the framework's", { type: "$bin" }, "bin.fill: decide.type"],
    ["a text as meta", [{ type: "bin.filled", meta: "ab" }], "bin.fill: decide[0].meta"],
    ["a number as meta", { type: "bin.filled", meta: 5 }, "bin.fill: decide.meta"],
    ["null as meta", { type: "bin.filled", meta: null }, "bin.fill: decide.meta"],
    ["an array as meta", { type: "bin.filled", meta: [1] }, "bin.fill: decide.meta"],
    ["a Map as meta", { type: "bin.filled", meta: new Map([["a", 1]]) }, "bin.fill: decide.meta"],
    ["a promise as meta", { type: "bin.filled", meta: Promise.resolve({}) }, "bin.fill: decide.meta"],
    ["a BigInt in the meta", { type: "bin.filled", meta: { n: 1n } }, "bin.fill: decide.meta.n"],
    ["a name of the framework in the meta", { type: "bin.filled", meta: { $tags: [] } }, "bin.fill: decide.meta.$tags"],
    ["a promise in an array", [Promise.reject(new Error("not awaited"))], "bin.fill: decide[0]"],
    ["a promise as payload", { type: "bin.filled", payload: Promise.resolve({}) }, "bin.fill: decide.payload"],
    ["a misspelt field", [{ type: "bin.filled", data: {} }], "bin.fill: decide[0].data"],
  ])("is refused where it is %s", async (_name, answer, field) => {
    expect(await refusal(() => decided(answer))).toMatchObject({
      type: "INVALID_DECISION",
      code: 500,
      data: [{ field }],
    });
  });

  it("is refused as the caller's error where it is too many events", async () => {
    const events = Array.from({ length: 2001 }, () => ({ type: "bin.emptied" }));
    expect(await refusal(() => decided(events))).toMatchObject({ code: 422, data: [{ field: "bin.fill: decide" }] });
  });

  it("is refused where evolve has no case for its type", async () => {
    expect(await refusal(() => decided({ type: "bin.lost" }))).toMatchObject({
      type: "DEFINITION",
      message:
        "bin.evolve: found no case for bin.lost (from fill), expected one beside bin.filled, bin.emptied; (state) => state if it changes nothing",
    });
  });
});

describe("evolve", () => {
  it("names the type, the stream and the version of a stored event that it has no case for", async () => {
    expect(await refusal(() => evolve(bin(null), { items: [] }, event("bin.lost", {}, 7)))).toMatchObject({
      type: "DEFINITION",
      data: [{ actual: "no case for bin.lost (stream bin-1, version 7)" }],
    });
  });

  it.each([
    ["nothing", () => undefined],
    ["a promise", () => Promise.resolve({ items: [] })],
  ])("is refused where it answers %s", async (_name, filled) => {
    const { definition } = Decider("bin", {
      eventStore: events,
      initialState: (): Bin => ({ items: [] }),
      commands: { fill: { decide: () => null } },
      evolve: { "bin.filled": filled as unknown as () => Bin },
    });
    expect(await refusal(() => evolve(definition, { items: [] }, event("bin.filled")))).toMatchObject({
      type: "DEFINITION",
      data: [{ field: 'bin.evolve["bin.filled"]' }],
    });
  });
});

describe("A state", () => {
  const careless = () =>
    Decider("bin", {
      eventStore: events,
      initialState: (): Bin => ({ items: [] }),
      commands: {
        push: { decide: ({ items }) => void items.push("x") },
        assign: { decide: (state) => void (state.items = []) },
        remove: { decide: (state) => void delete (state as Partial<Bin>).items },
        trip: {
          decide: () => {
            throw new TypeError("of its own");
          },
        },
      },
      evolve: {
        "bin.filled": (state, { payload }) => {
          state.items.push(payload.item);
          return state;
        },
        "bin.emptied": (state, { payload }) => {
          payload["at"] = "now";
          return state;
        },
      },
    }).definition;

  it.each([
    ["push", "0"],
    ["assign", "items"],
    ["remove", "items"],
  ])("that decide changes gets a clear error: %s", async (command, property) => {
    const decider = careless();
    const error = await refusal(() => decide(decider, command, initialStateOf(decider), {}, null));
    expect(error).toMatchObject({
      name: "FrozenStateError",
      type: "FROZEN_STATE",
      code: 500,
      retryable: false,
      data: { decider: "bin", function: `decide of ${command}`, property },
      message: expect.stringContaining(`bin: decide of ${command} changed "${property}"`) as string,
    });
    expect((error.cause as Error).name).toBe("TypeError");
  });

  it("that evolve changes gets a clear error, and so does the event", async () => {
    const decider = careless();
    const state = initialStateOf(decider);
    expect(await refusal(() => evolve(decider, state, event("bin.filled", { item: "a" })))).toMatchObject({
      data: { function: "evolve of bin.filled", property: "0" },
    });
    expect(await refusal(() => evolve(decider, state, event("bin.emptied")))).toMatchObject({
      data: { function: "evolve of bin.emptied", property: "at" },
    });
  });

  it("leaves other errors of the domain untouched", async () => {
    const decider = careless();
    const error = await refusal(() => decide(decider, "trip", initialStateOf(decider), {}, null));
    expect(error).toMatchObject({ name: "TypeError", message: "of its own" });
  });

  it("is not frozen in production", async () => {
    const before = process.env["NODE_ENV"];
    process.env["NODE_ENV"] = "production";
    try {
      const decider = careless();
      const state = initialStateOf(decider) as Bin;
      await decide(decider, "push", state, {}, null);
      expect(state.items).toEqual(["x"]);
    } finally {
      process.env["NODE_ENV"] = before;
    }
  });
});
