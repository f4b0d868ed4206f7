// Compiled by `npm run typecheck`, never run: `CallsOf` types the calls of commands, mapped actions and tables.
import { Aggregate, Decider, EventStore, ProcessManager, type CallsOf, type RowOf } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { expectType, type Equals } from "./expect-type.ts";

const events = EventStore("bank", {
  events: {
    "account.opened": { payload: { iban: "string", owner: "string?" } },
    "account.deposited": { payload: { amount: "number" } },
    "rate.set": { payload: { id: "string", rate: "number" } },
  },
});

const account = Decider("account", {
  eventStore: events,
  initialState: () => ({ balance: 0 }),
  commands: {
    open: {
      params: { iban: "string", owner: "string?" },
      decide: (_, { id: _id, ...payload }) => ({ type: "account.opened", payload }),
    },
    deposit: {
      params: { amount: { type: "number", default: 1 } },
      decide: (_, { amount }) => ({ type: "account.deposited", payload: { amount } }),
    },
    close: { decide: () => null },
  },
  evolve: {
    "account.opened": (state) => state,
    "account.deposited": ({ balance }, { payload }) => ({ balance: balance + payload.amount }),
  },
});

const balances = Aggregate("balances", { eventStore: events, fields: { iban: "string", balance: "number" } });

const rates = {
  name: "rates",
  mixins: [events.mixin()],
  actions: {
    set: events.mapAction("rate.set"),
    open: events.mapAction("account.opened"),
    openIban: events.mapAction("account.opened", { stream: ({ iban }) => `account-${iban}` }),
    convert: events.mapAction("rate.set", {
      params: { id: "string", percent: "number", note: { type: "string", default: "" } },
      payload: ({ id, percent }) => ({ id, rate: percent / 100 }),
    }),
    own: (ctx: Context) => ctx.nodeID,
  },
};
void (rates satisfies ServiceSchema);

type Services = { account: typeof account; balances: typeof balances; "v2.rates": typeof rates };
type Balance = RowOf<typeof balances>;

export async function calls(broker: ServiceBroker, ctx: Context): Promise<void> {
  const bank: CallsOf<Services> = broker;
  const inAction: CallsOf<Services> = ctx;

  const opened = await bank.call("account.open", { id: "1", iban: "NZ1" }, { meta: { user: "ann" } });
  expectType<Equals<typeof opened.repeated, boolean>>(true);
  await bank.call("account.open", { id: 1, iban: "NZ1", owner: null });
  await bank.call("account.deposit", { id: "1" });
  await bank.call("account.close", { id: "1" }, { headers: { commandId: "c" } });
  const [first] = opened.events;
  if (first?.type === "account.opened") expectType<Equals<typeof first.payload.iban, string>>(true);
  const { state } = await bank.call("account.state", { id: "1", version: 5 });
  expectType<Equals<typeof state, { balance: number }>>(true);
  const { events: history } = await bank.call("account.history", { id: "1", limit: 5 });
  expectType<Equals<(typeof history)[number]["type"], string>>(true);
  await bank.call("account.dryRun", { command: "deposit", params: { id: "1" } });

  const rows = await bank.call("balances.find", { query: { balance: { $gt: 5 }, $or: [{ iban: "NZ1" }] }, limit: 5 });
  expectType<Equals<typeof rows, Balance[]>>(true);
  expectType<Equals<Awaited<ReturnType<typeof all>>, Balance[]>>(true);
  const all = () => inAction.call("balances.find");
  const parts = await bank.call("balances.find", { fields: ["iban"] });
  expectType<Equals<typeof parts, Partial<Balance>[]>>(true);
  const page = await bank.call("balances.list", { page: 2, sort: ["-balance"] });
  expectType<Equals<typeof page.rows, Balance[]>>(true);
  const count = await bank.call("balances.count", { query: { "iban.part": 5 } });
  expectType<Equals<typeof count, number>>(true);
  const row = await bank.call("balances.get", { id: 1 });
  expectType<Equals<typeof row, Balance>>(true);
  const several = await bank.call("balances.get", { id: ["1", "2"] });
  expectType<Equals<typeof several, Balance[]>>(true);
  const byId = await bank.call("balances.get", { id: ["1"], mapping: true });
  expectType<Equals<typeof byId, Record<string, Balance>>>(true);
  const maybe = await bank.call("balances.resolve", { id: "1" });
  expectType<Equals<typeof maybe, Balance | null>>(true);

  const set = await inAction.call("v2.rates.set", { id: "1", rate: 5 });
  expectType<Equals<(typeof set.events)[number]["payload"], { id: string; rate: number }>>(true);
  await bank.call("v2.rates.open", { id: "1", iban: "NZ1" });
  await bank.call("v2.rates.openIban", { iban: "NZ1" });
  await bank.call("v2.rates.convert", { id: "1", percent: 5 });

  // @ts-expect-error -- a command that the decider does not have
  await bank.call("account.opne", { id: "1", iban: "NZ1" });
  // @ts-expect-error -- a param that is missing
  await bank.call("account.open", { id: "1" });
  // @ts-expect-error -- a param of another type
  await bank.call("account.deposit", { id: "1", amount: "5" });
  // @ts-expect-error -- a param that the command does not have
  await bank.call("account.deposit", { id: "1", amuont: 5 });
  // @ts-expect-error -- a command without params
  await bank.call("account.open");
  // @ts-expect-error -- a field that the table does not have
  await bank.call("balances.find", { query: { blance: 5 } });
  // @ts-expect-error -- a param that a read does not have
  await bank.call("balances.find", { where: { balance: 5 } });
  // @ts-expect-error -- a payload's field that is missing
  await bank.call("v2.rates.set", { id: "1" });
  // @ts-expect-error -- the id of the entity is missing
  await bank.call("v2.rates.open", { iban: "NZ1" });
  // @ts-expect-error -- an action that is not mapped
  await bank.call("v2.rates.own");
}

const plain = Decider("plain", {
  eventStore: events,
  initialState: () => 0,
  commands: { open: { decide: (_, { id }) => ({ type: "account.opened", payload: { iban: id } }) } },
  evolve: { "account.opened": (state) => state },
});

/** A decider none of whose commands has params. */
export async function plainCalls(broker: CallsOf<{ plain: typeof plain }>): Promise<void> {
  await broker.call("plain.open", { id: "1" });
  // @ts-expect-error -- a command that the decider does not have
  await broker.call("plain.opne", { id: "1" });
}

// A process manager has no such actions, and an untyped store no types of payloads.
const untyped = EventStore("untyped");
const noted = { actions: { note: untyped.mapAction("note.taken", { stream: "notes" }) } };
const notes = ProcessManager("notes", { eventStore: untyped, on: { "note.taken": () => {} } });
export const note = (broker: CallsOf<{ noted: typeof noted; notes: typeof notes }>) =>
  broker.call("noted.note", { anything: 5 });
