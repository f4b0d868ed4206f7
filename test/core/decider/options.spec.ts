import { Decider, EventStore } from "moleculer-event-sourcing";
import { refusal } from "../../support/broker.ts";

const right = {
  eventStore: EventStore("someEvents", { adapter: "memory:" }),
  initialState: () => ({ count: 0 }),
  commands: { count: { decide: (): null => null } },
  evolve: { "thing.counted": (state: { count: number }) => state },
};

/** Options as a caller without types would write them. */
const define = (wrong: object, name = "thing") => Decider(name, Object.assign({}, right, wrong));

const nothing = (): null => null;
const same = (state: object): object => state;
const asynchronous = async () => ({ count: 0 });

describe("A decider's definition", () => {
  it("is taken as it should be", () => {
    const { name, definition } = define({});
    expect(name).toBe("thing");
    expect(definition.streamOf("1")).toBe("thing-1");
    expect(Decider("two-words", right).definition.streamOf("1-2")).toBe("two_words-1-2");
    expect(define({ stream: (id: string) => `x-${id}` }).definition.streamOf("1")).toBe("x-1");
  });

  it.each([
    ["an unknown option", { state: 1 }, "thing.state"],
    ["no store", { eventStore: undefined }, "thing.eventStore"],
    ["no initial state", { initialState: { count: 0 } }, "thing.initialState"],
    ["an initial state that is undefined", { initialState: () => {} }, "thing.initialState"],
    ["an asynchronous initial state", { initialState: asynchronous as unknown }, "thing.initialState"],
    [
      "an initial state with a Map, and snapshots",
      { initialState: () => ({ m: new Map() }), stateSnapshots: { every: 1 } },
      "thing.initialState",
    ],
    [
      "an initial state with an undefined field, and snapshots",
      { initialState: () => ({ a: undefined }), stateSnapshots: { every: 1 } },
      "thing.initialState",
    ],
    ["commands in an array", { commands: [] }, "thing.commands"],
    ["no commands", { commands: {} }, "thing.commands"],
    ...["state", "history", "dryRun", "explain", "forget", "status", "verify", "$own"].map(
      (name): [string, object, string] => [
        `a command named ${name}`,
        { commands: { [name]: { decide: nothing } } },
        `thing.commands.${name}`,
      ],
    ),
    ["a command that is a function", { commands: { count: nothing } }, "thing.commands.count"],
    ["a command without decide", { commands: { count: { handler: nothing } } }, "thing.commands.count.decide"],
    [
      "a command with a handler",
      { commands: { count: { decide: nothing, handler: nothing } } },
      "thing.commands.count.handler",
    ],
    [
      "params that are no rules",
      { commands: { count: { params: "string", decide: nothing } } },
      "thing.commands.count.params",
    ],
    [
      "params that are no object",
      { commands: { count: { params: { $$root: true, type: "string" }, decide: nothing } } },
      "thing.commands.count.params",
    ],
    ["no evolve", { evolve: undefined }, "thing.evolve"],
    ["an asynchronous evolve", { evolve: { "thing.counted": asynchronous } }, 'thing.evolve["thing.counted"]'],
    ["an evolve for a wildcard", { evolve: { "thing.*": same } }, "thing.evolve"],
    ["a snapshot without every", { stateSnapshots: {} }, "thing.stateSnapshots.every"],
    ["a snapshot every 0", { stateSnapshots: { every: 0 } }, "thing.stateSnapshots.every"],
    ["an unknown option of a snapshot", { stateSnapshots: { every: 1, keep: 5 } }, "thing.stateSnapshots.keep"],
    ["a version that is an object", { stateSnapshots: { every: 1, version: {} } }, "thing.stateSnapshots.version"],
    ["negative retries", { conflictRetries: -1 }, "thing.conflictRetries"],
    ["a claim without functions", { claims: { number: {} } }, "thing.claims.number.claim"],
    ["a claim of nothing", { claims: { number: { claim: {} } } }, "thing.claims.number.claim"],
    [
      "a claim of a type without a case",
      { claims: { number: { claim: { "thing.cuonted": nothing } } } },
      'thing.claims.number.claim["thing.cuonted"]',
    ],
    [
      "a release of a type without a case",
      { claims: { number: { claim: { "thing.counted": nothing }, release: { x: nothing } } } },
      'thing.claims.number.release["x"]',
    ],
    [
      "a claim that is a number",
      { claims: { number: { claim: { "thing.counted": 5 } } } },
      'thing.claims.number.claim["thing.counted"]',
    ],
    [
      "a claim with a path that starts at the event",
      { claims: { number: { claim: { "thing.counted": "payload.number" } } } },
      'thing.claims.number.claim["thing.counted"]',
    ],
    [
      "a list of types to release with one that has no case",
      { claims: { number: { claim: { "thing.counted": "number" }, release: ["thing.cuonted"] } } },
      "thing.claims.number.release[0]",
    ],
    [
      "a replacement of a type that also claims",
      { claims: { number: { claim: { "thing.counted": "number" }, replace: { "thing.counted": "number" } } } },
      'thing.claims.number.replace["thing.counted"]',
    ],
    [
      "a claim whose version is an object",
      { claims: { number: { claim: { "thing.counted": "number" }, version: {} } } },
      "thing.claims.number.version",
    ],
    [
      "an ignoreCase that is a text",
      { claims: { number: { claim: { "thing.counted": nothing }, ignoreCase: "yes" } } },
      "thing.claims.number.ignoreCase",
    ],
  ])("is refused where it has %s", async (_name, wrong, field) => {
    expect(await refusal(() => define(wrong))).toMatchObject({ type: "DEFINITION", code: 500, data: [{ field }] });
  });

  it("is refused under a name that no service could have", async () => {
    expect(await refusal(() => define({}, "a thing"))).toMatchObject({
      type: "DEFINITION",
      data: [{ field: "Decider.name" }],
    });
  });

  it("is refused where the catalogue names types of the same prefix that evolve has no case for", async () => {
    const eventStore = EventStore("some", {
      adapter: "memory:",
      events: { "thing.counted": {}, "thing.named": {}, "other.named": {} },
    });
    expect(await refusal(() => define({ eventStore }))).toMatchObject({
      data: [
        {
          field: "thing.evolve",
          actual: "no case for thing.named of the store's catalogue",
          expected: "one for each type; (state) => state if it changes nothing",
        },
      ],
    });
  });

  it("is refused where a catalogue that refuses other types does not know one of evolve's", async () => {
    const eventStore = EventStore("some", {
      adapter: "memory:",
      unknownTypes: "refuse",
      events: { "thing.conuted": {} },
    });
    expect(await refusal(() => define({ eventStore }))).toMatchObject({
      data: [{ field: "thing.evolve", actual: "thing.counted" }],
    });
  });
});
