/*
 * Compiled by `npm run typecheck`, never run: states of deciders and processes that are right, in forms in which the search for undeclared fields
 * must find none.
 */
import { Decider, EventStore, ProcessManager, type RecordedEvent } from "moleculer-event-sourcing";

const bank = EventStore("bank", {
  events: {
    "account.opened": { payload: { id: "string", iban: "string", note: "string?" } },
    "account.deposited": { payload: { id: "string", amount: "number" } },
    "account.any": {},
    "account.list": { payload: { $$root: true, type: "array", items: "string" } },
  },
});
const untyped = EventStore("untyped");
/** `any`, as from code without types. */
const loose = JSON.parse("null");
interface Account {
  iban: string | null;
  balance: number;
  history?: string[];
}

Decider("a", {
  eventStore: bank,
  initialState: (): Account => ({ iban: null, balance: 0 }),
  commands: { open: { decide: () => [] } },
  evolve: {
    "account.opened": (state, { payload }) => ({ ...state, iban: payload.iban, history: ["x"] }),
    "account.any": (s) => s,
  },
});
Decider("a", {
  eventStore: bank,
  initialState: () => null as null | Account,
  commands: { open: { decide: () => {} } },
  evolve: {
    "account.opened": (state, { payload }) => ({ balance: state?.balance ?? 0, iban: payload.iban }),
    "account.any": () => null,
  },
});
type State = { kind: "none" } | { kind: "open"; iban: string } | { kind: "closed"; iban: string; at: string };
Decider("a", {
  eventStore: bank,
  initialState: (): State => ({ kind: "none" }),
  commands: { open: { decide: (s) => (s.kind === "open" ? null : undefined) } },
  evolve: {
    "account.opened": (state, { payload, time }) =>
      state.kind === "none" ? { kind: "open", iban: payload.iban } : { ...state, kind: "closed", iban: "", at: time },
  },
});
Decider("a", {
  eventStore: bank,
  initialState: () => [] as { n: number }[],
  commands: { open: { decide: () => null } },
  evolve: { "account.opened": (state) => [...state, { n: 5 }] },
});
Decider("a", {
  eventStore: bank,
  initialState: () => new Map<string, number>(),
  commands: { open: { decide: () => null } },
  evolve: { "account.opened": (state) => new Map([...state, ["a", 1]]) },
});
Decider("a", {
  eventStore: bank,
  initialState: () => 0,
  commands: { open: { decide: () => null } },
  evolve: { "account.opened": (state) => state + 1 },
});
Decider("a", {
  eventStore: bank,
  initialState: () => loose,
  commands: { open: { decide: () => null } },
  evolve: { "account.opened": (state) => ({ ...state, x: 5 }) },
});
Decider("a", {
  eventStore: bank,
  initialState: () => loose as unknown,
  commands: { open: { decide: () => null } },
  evolve: { "account.opened": () => ({ x: 5 }) },
});
Decider("a", {
  eventStore: bank,
  initialState: () => ({ balance: 0 }),
  commands: { open: { decide: () => null } },
  evolve: { "account.opened": (state) => ({ balance: state.balance + 1 }), "account.deposited": () => loose },
});
class Entity {
  readonly balance: number = 0;
  add(n: number): Entity {
    return Object.assign(new Entity(), { balance: this.balance + n });
  }
}
class Closed extends Entity {
  close() {
    return this;
  }
}
Decider("a", {
  eventStore: bank,
  initialState: () => new Entity(),
  commands: { open: { decide: () => null } },
  evolve: { "account.opened": (state) => state.add(1), "account.any": () => new Closed() },
});
function counter<S>(initialState: () => S, added: (state: S, event: RecordedEvent<"added", { n: number }>) => S) {
  const events = EventStore("events", { events: { added: { payload: { n: "number" } } } });
  return Decider("c", {
    eventStore: events,
    initialState,
    commands: { add: { params: { n: "number" }, decide: (_, { n }) => ({ type: "added", payload: { n } }) } },
    evolve: { added },
  });
}
void counter;
// The one that needs an annotation: the compiler cannot compare the fields of `S & { count: number }` with those of `S`.
function counted<S extends { count: number }>(initialState: () => S) {
  const events = EventStore("events", { events: { added: { payload: { n: "number" } } } });
  return Decider("c", {
    eventStore: events,
    initialState,
    commands: { add: { params: { n: "number" }, decide: (_, { n }) => ({ type: "added", payload: { n } }) } },
    evolve: { added: (state, { payload }): S => ({ ...state, count: state.count + payload.n }) },
  });
}
void counted;
const evolve = {
  "account.opened": (state: Account, event: RecordedEvent<"account.opened", { iban: string }>) => ({
    ...state,
    iban: event.payload.iban,
  }),
};
Decider("a", {
  eventStore: bank,
  initialState: (): Account => ({ iban: null, balance: 0 }),
  commands: { open: { decide: () => [] } },
  evolve,
});
Decider("a", {
  eventStore: bank,
  initialState: (): Account => ({ iban: null, balance: 0 }),
  commands: { open: { decide: () => [] } },
  evolve: { ...evolve, "account.any": (state) => state },
});
const unchanged = <S>(state: S): S => state;
Decider("a", {
  eventStore: bank,
  initialState: (): Account => ({ iban: null, balance: 0 }),
  commands: { open: { decide: () => [] } },
  evolve: { "account.any": unchanged, "account.opened": unchanged },
});
Decider("a", {
  eventStore: untyped,
  initialState: () => ({ n: 0 }),
  commands: { open: { decide: () => ({ type: "x.y", payload: { a: 1 } }) } },
  evolve: { "x.y": (state, { payload }) => ({ n: state.n + Number(payload["a"]) }) },
});

ProcessManager("p", {
  eventStore: bank,
  initialState: () => ({ n: 0, at: null as string | null }),
  on: {
    "account.opened": async (event, { state, call }) => {
      await call("x.y");
      return { ...state, at: event.time };
    },
    "account.*": () => {},
    "account.any": (_, { state }) => {
      if (state.n > 0) return { n: 1, at: null };
    },
  },
  deadlines: { d: (_, { state }) => ({ ...state, n: 2 }) },
});
ProcessManager("p", {
  eventStore: bank,
  on: { "account.opened": ({ payload }, { call }) => call("x.y", payload), "account.any": () => ({ any: "thing" }) },
});
const on = {
  "account.opened": (event: RecordedEvent<"account.opened", { iban: string }>) => console.log(event.payload.iban),
};
ProcessManager("p", { eventStore: bank, on });
ProcessManager("p", {
  eventStore: untyped,
  initialState: () => ({ n: 0 }),
  on: { "x.y": () => ({ n: 1 }), "x.*": (_, { schedule }) => schedule("d", 5) },
  deadlines: { d: () => {} },
});
