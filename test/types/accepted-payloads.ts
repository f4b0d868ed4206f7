/*
 * Compiled by `npm run typecheck`, never run: commands and mapped actions that are right, in forms in which the search for undeclared fields
 * must find none.
 */
import {
  Decider,
  EventStore,
  type CommandOptions,
  type Decided,
  type EventMap,
  type EventsOf,
} from "moleculer-event-sourcing";

const bank = EventStore("bank", {
  events: {
    "account.opened": { payload: { id: "string", iban: "string", note: "string?" } },
    "account.deposited": { payload: { id: "string", amount: "number" } },
    "account.any": {},
    "account.list": { payload: { $$root: true, type: "array", items: "string" } },
  },
});
type Events = EventsOf<typeof bank>;
const untyped = EventStore("untyped");
/** `any`, as from code without types. */
const loose = JSON.parse("null");
interface Account {
  iban: string | null;
  balance: number;
  history?: string[];
}

const all = (extra: { commands: Record<string, CommandOptions<{ iban: "string" }, Account, Events>> }) =>
  Decider("a", { eventStore: bank, initialState: (): Account => ({ iban: null, balance: 0 }), ...extra, evolve: {} });
void all;
const opening: CommandOptions<{ iban: "string" }, Account, Events> = {
  params: { iban: "string" },
  decide: (_, { id, iban }) => ({ type: "account.opened", payload: { id, iban } }),
};
const helper = (id: string): Decided<Events> => ({ type: "account.deposited", payload: { id, amount: 5 } });
const helper2 = (id: string) => ({ type: "account.deposited", payload: { id, amount: 5 } }) as const;
Decider("a", {
  eventStore: bank,
  initialState: (): Account => ({ iban: null, balance: 0 }),
  commands: {
    opening,
    helped: { decide: (_, { id }) => helper(id) },
    helped2: { decide: (_, { id }) => [helper2(id), helper(id)] },
    none: { decide() {} },
    throwing: {
      decide() {
        throw new Error("x");
      },
    },
    late: {
      async decide(_, { id }) {
        await Promise.resolve();
        return [{ type: "account.any", payload: { what: id } }, { type: "account.any" }];
      },
    },
    maybe: {
      decide: ({ balance }, { id }) => (balance > 0 ? [] : { type: "account.opened", payload: { id, iban: "1" } }),
    },
    many: {
      params: { amounts: "number[]" },
      decide: (_, { id, amounts }) => amounts.map((amount) => ({ type: "account.deposited", payload: { id, amount } })),
    },
    list: { decide: () => ({ type: "account.list", payload: ["a"] }) },
    anything: { params: { x: "any" }, decide: () => loose },
    spread: {
      params: { iban: "string", $$strict: false },
      decide: (_, { id, iban, more }) =>
        more ? null : { type: "account.opened", payload: { id, iban, note: undefined as never } },
    },
    all: {
      params: { iban: "string", note: "string?" },
      decide: (_, command) => ({ type: "account.opened", payload: command }),
    },
    method: {
      params: { amount: "number" },
      hooks: { before() {} },
      rest: "POST /",
      visibility: "public",
      decide(_state: Account, command: { id: string; amount: number }) {
        return { type: "account.deposited", payload: { ...command } };
      },
    },
    push: {
      decide(_, { id }) {
        const events: Decided<Events>[] = [];
        events.push({ type: "account.deposited", payload: { id, amount: 1 } });
        return events;
      },
    },
    conditional: {
      params: { amount: "number" },
      decide: (_, { id, amount }) => [
        ...(amount > 5 ? [{ type: "account.deposited" as const, payload: { id, amount } }] : []),
        { type: "account.any" as const },
      ],
    },
  },
  evolve: {
    "account.opened": (s) => s,
    "account.deposited": (s) => s,
    "account.any": (s) => s,
    "account.list": (s) => s,
  },
});
Decider<Account, { open: { iban: "string" } }, Events>("a", {
  eventStore: bank,
  initialState: () => ({ iban: null, balance: 0 }),
  commands: {
    open: {
      params: { iban: "string" },
      decide: (_, { id, iban }) => ({ type: "account.opened", payload: { id, iban } }),
    },
  },
  evolve: { "account.opened": (s) => s },
});
const base = { close: { decide: () => null }, open: opening };
Decider("a", {
  eventStore: bank,
  initialState: (): Account => ({ iban: null, balance: 0 }),
  commands: {
    ...base,
    more: {
      params: { amount: "number" },
      decide: (_, { id, amount }) => ({ type: "account.deposited", payload: { id, amount } }),
    },
  },
  evolve: { "account.opened": (s) => s },
});
function decider<M extends EventMap>(eventStore: EventStore<M>, make: (id: string) => Decided<M>) {
  return Decider("g", {
    eventStore,
    initialState: () => 0,
    commands: { go: { decide: (_: number, { id }: { id: string }) => make(id) } },
    evolve: {} as never,
  });
}
void decider;

bank.mapAction("account.opened");
bank.mapAction("account.opened", { params: { id: "string", iban: "string" }, hooks: { before() {} } });
bank.mapAction("account.opened", {
  params: { id: "string", raw: "any" },
  payload: ({ id, raw }: { id: string; raw: { iban: string } }) => ({ id, iban: raw.iban }),
});
bank.mapAction("account.opened", { payload: ({ raw }: { raw: { iban: string; id: string } }) => raw });
bank.mapAction("account.opened", {
  params: { $$strict: false, id: "string" },
  payload: ({ id, ...rest }) => ({ id, iban: String(rest["iban"]) }),
});
bank.mapAction("account.list", { stream: "list" });
bank.mapAction("account.any", { stream: "new", meta: (_, ctx) => ({ by: ctx.nodeID }) });
untyped.mapAction("x.y", { stream: ({ a }) => `x-${String(a)}`, payload: (params) => ({ ...params, b: 5 }) });
untyped.mapAction("x.y", { params: { id: "string" }, stream: ({ id }) => `x-${id}` });
const given = { id: "string", amount: "number" };
bank.mapAction("account.deposited", {
  params: given,
  payload: ({ id, amount }) => ({ id: String(id), amount: Number(amount) }),
});
