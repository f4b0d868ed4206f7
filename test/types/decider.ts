// Compiled by `npm run typecheck`, never run: what a decider's functions get is typed by the store and by its own params.
import { Decider, EventStore } from "moleculer-event-sourcing";
import { expectType, type Equals } from "./expect-type.ts";

type Events = {
  "account.opened": { iban: string };
  "account.deposited": { amount: number };
  "account.noted": Record<string, unknown>;
};
interface Account {
  iban: string | null;
  balance: number;
}

const bank = EventStore<Events>("bank");

Decider("account", {
  eventStore: bank,
  initialState: (): Account => ({ iban: null, balance: 0 }),
  commands: {
    open: {
      params: { iban: "string", tags: { type: "array", items: "string", optional: true } },
      rest: "POST /open",
      decide(state, command, ctx) {
        expectType<Equals<typeof state, Account>>(true);
        const { id, iban, tags }: { id: string; iban: string; tags?: string[] | null } = command;
        // @ts-expect-error -- a param that is not declared
        void command.amount;
        if (state.iban === iban || tags?.includes(id)) return;
        return { type: "account.opened", payload: { iban }, meta: { by: ctx.meta } };
      },
    },
    deposit: {
      params: { id: "string|min:3", amount: "number|integer" },
      async decide(_state, { id, amount }) {
        await Promise.resolve(id satisfies string);
        return [{ type: "account.deposited", payload: { amount } }, { type: "account.noted" }];
      },
    },
    wrongPayload: {
      params: { amount: "string" },
      // @ts-expect-error -- a payload of another type
      decide: (_state, { amount }) => ({ type: "account.deposited", payload: { amount } }),
    },
    // @ts-expect-error -- a payload that is missing
    noPayload: { decide: () => ({ type: "account.opened" }) },
    // @ts-expect-error -- a type that the store does not have
    unknownType: { decide: () => ({ type: "account.lost", payload: {} }) },
    anything: {
      // @ts-expect-error -- a field of unknown type
      decide(_state, command) {
        expectType<Equals<typeof command.id, string>>(true);
        return { type: "account.opened", payload: { iban: command["iban"] } };
      },
    },
  },
  evolve: {
    "account.opened": (state, event) => {
      expectType<Equals<typeof event.payload, { iban: string }>>(true);
      expectType<Equals<typeof event.type, "account.opened">>(true);
      return { ...state, iban: event.payload.iban };
    },
    "account.deposited": (state, { payload, position }) => ({
      ...state,
      balance: state.balance + (payload.amount % position),
    }),
    // @ts-expect-error -- another state
    "account.noted": () => ({ balance: 0 }),
  },
  claims: {
    iban: { claim: { "account.opened": ({ payload }, { id }) => [payload.iban, id] }, release: {}, ignoreCase: true },
    path: {
      claim: { "account.opened": "iban", "account.noted": "any.path" },
      replace: { "account.deposited": "amount" },
      release: ["account.noted"],
      version: 1,
    },
    // @ts-expect-error -- a path that the payload does not have
    mistyped: { claim: { "account.opened": "ibna" } },
    // @ts-expect-error -- a type that the store does not have
    released: { claim: { "account.opened": "iban" }, release: ["account.lost"] },
    // @ts-expect-error -- a path of another type's payload
    replaced: { replace: { "account.deposited": "iban" } },
    // @ts-expect-error -- a field of another type's payload
    amount: { claim: { "account.deposited": ({ payload }) => payload.iban } },
    // @ts-expect-error -- no value that can be claimed
    odd: { claim: { "account.deposited": ({ payload }) => ({ payload }) } },
  },
  stateSnapshots: { every: 50, version: 1 },
});

Decider("unknownCase", {
  eventStore: bank,
  initialState: () => ({ balance: 0 }),
  commands: { note: { decide: () => ({ type: "account.noted", payload: { any: 1 } }) } },
  // @ts-expect-error -- a type that the store does not have
  evolve: { "account.lost": (state) => state },
});

// The state's type is that of the initial one.
Decider("inferred", {
  eventStore: bank,
  initialState: () => ({ balance: 0, isOpen: false }),
  commands: {
    note: {
      params: { kind: { type: "enum", values: ["a", "b"] } },
      decide(state, { kind }) {
        expectType<Equals<typeof state, { balance: number; isOpen: boolean }>>(true);
        expectType<Equals<typeof kind, "a" | "b">>(true);
        return null;
      },
    },
  },
  evolve: { "account.noted": (state) => ({ ...state, isOpen: !state.isOpen }) },
});

// With a catalogue the payloads are those of its schemas.
Decider("catalogued", {
  eventStore: EventStore("catalogue", { events: { "a.b": { payload: { x: "number" } } } }),
  initialState: () => 0,
  commands: { add: { params: { x: "number" }, decide: (_state, { x }) => ({ type: "a.b", payload: { x } }) } },
  evolve: { "a.b": (state, { payload }) => state + payload.x },
});

Decider("claimed", {
  eventStore: EventStore("people", {
    events: {
      "person.joined": {
        payload: {
          contact: { $$type: "object", email: "email", phones: "string[]" },
          tags: "array|optional",
          isNew: "boolean",
        },
      },
    },
  }),
  initialState: () => 0,
  commands: { join: { decide: () => null } },
  evolve: { "person.joined": (state) => state + 1 },
  claims: {
    email: { claim: { "person.joined": "contact.email" } },
    phone: { claim: { "person.joined": "contact.phones" } },
    // @ts-expect-error -- a field that the object does not have
    fax: { claim: { "person.joined": "contact.fax" } },
    // @ts-expect-error -- an object is no value that can be claimed
    contact: { claim: { "person.joined": "contact" } },
    // @ts-expect-error -- nor is true or false
    flag: { claim: { "person.joined": "isNew" } },
  },
});

Decider("untyped", {
  eventStore: EventStore("untyped"),
  initialState: () => ({ count: 0 }),
  commands: { count: { decide: ({ count }, { id }) => ({ type: "thing.counted", payload: { count, id } }) } },
  evolve: {
    "thing.counted": ({ count }, { payload, meta }) => ({
      count: count + Number(payload["count"]) + meta.correlationId.length,
    }),
    // @ts-expect-error -- a field of unknown type
    "thing.named": (_state, { payload }) => ({ count: payload["count"] }),
  },
});
