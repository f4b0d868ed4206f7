/*
 * Compiled by `npm run typecheck`, never run. Each comment is what the compiler says of the mistake on the next line:
 * `mistakes.spec.ts` compares them.
 */
import { Aggregate, Decider, EventStore, ProcessManager, type CallsOf } from "moleculer-event-sourcing";
import { ServiceBroker } from "moleculer";

const bank = EventStore("bank", {
  events: {
    "account.opened": { payload: { iban: "string", owner: "string?" } },
    "account.deposited": { payload: { amount: "number" } },
  },
});

const balances = Aggregate("balances", { eventStore: bank, fields: { iban: "string", balance: "number" } });
// @ts-expect-error Undeclared<"ibna">
balances.on("account.opened").create(({ payload }) => ({ ibna: payload.iban }));
// @ts-expect-error Undeclared<"amount">
balances.on("account.deposited").update(({ payload }) => payload);
// @ts-expect-error Undeclared<"owner">
balances.on("account.opened").createMany(({ payload }) => [{ iban: payload.iban }, { owner: payload.owner }]);
// @ts-expect-error Property 'balance' does not exist on type '{ amount: number; }'
balances.on("account.deposited").update(({ payload }) => ({ balance: payload.balance }));
// @ts-expect-error Argument of type '"account.closed"' is not assignable
balances.on("account.closed").remove();
// @ts-expect-error 'row' is possibly 'null'
balances.on("account.deposited").update(({ payload }, { row }) => ({ balance: row.balance + payload.amount }));

Decider("account", {
  eventStore: bank,
  initialState: () => ({ balance: 0 }),
  commands: {
    deposit: {
      params: { amount: "number" },
      // @ts-expect-error Undeclared<"by">
      decide: (_, { amount }) => ({ type: "account.deposited", payload: { amount, by: "Ann" } }),
    },
    depositTwice: {
      params: { amount: "number" },
      // @ts-expect-error Type '"account.deposit"' is not assignable to type
      decide: (_, { amount }) => [{ type: "account.deposit", payload: { amount } }],
    },
    open: {
      params: { iban: "string" },
      // @ts-expect-error Property 'ibna' does not exist on type '{ id: string; iban: string; }'
      decide: (_, { ibna }) => ({ type: "account.opened", payload: { iban: ibna } }),
    },
    // @ts-expect-error Did you mean to write 'params'?
    close: { param: { reason: "string" }, decide: () => null },
  },
  evolve: {
    // @ts-expect-error Undeclared<"blance">
    "account.deposited": (state, { payload }) => ({ ...state, blance: state.balance + payload.amount }),
  },
});

Decider("closing", {
  eventStore: bank,
  initialState: () => ({ isClosed: false }),
  commands: {
    // @ts-expect-error Type '"account.opend"' is not assignable to type '"account.opened"'
    open: { decide: (_, { id }) => ({ type: "account.opend", payload: { iban: id } }) },
  },
  // @ts-expect-error Undeclared<"account.opend">
  evolve: { "account.opend": () => ({ isClosed: false }) },
});

// @ts-expect-error Did you mean to write 'conflictRetries'?
Decider("retrying", { eventStore: bank, initialState: () => 0, commands: {}, evolve: {}, conflictRetrys: 5 });

ProcessManager("welcome", {
  eventStore: bank,
  initialState: () => ({ isSent: false }),
  on: {
    // @ts-expect-error Undeclared<"isSend">
    "account.opened": (_, { state }) => ({ ...state, isSend: true }),
    // @ts-expect-error Argument of type '"tomorow"' is not assignable to parameter of type '"tomorrow"'
    "account.deposited": (_, { schedule }) => schedule("tomorow", { days: 1 }),
  },
  deadlines: { tomorrow: () => {} },
});

// @ts-expect-error Argument of type '"account.opend"' is not assignable
bank.mapAction("account.opend");
// @ts-expect-error Property 'ibna' does not exist on type '{ id: string; iban: string; owner?: string | null; }'
bank.mapAction("account.opened", { stream: ({ ibna }) => `account-${ibna}` });
// @ts-expect-error Type '{ ibna: string; }' is not assignable to type
bank.mapAction("account.opened", { payload: ({ iban }) => ({ ibna: iban }) });
// @ts-expect-error Undeclared<"ownr">
bank.mapAction("account.opened", { payload: ({ iban, owner }) => ({ iban, ownr: owner }) });

const counter = Decider("counter", {
  eventStore: bank,
  initialState: () => 0,
  commands: { add: { params: { amount: "number" }, decide: () => null } },
  evolve: {},
});
const calls: CallsOf<{ counter: typeof counter; balances: typeof balances }> = new ServiceBroker();
// @ts-expect-error Argument of type '"counter.ad"' is not assignable
void calls.call("counter.ad", { id: "1", amount: 5 });
// @ts-expect-error Undeclared<"amuont">
void calls.call("counter.add", { id: "1", amount: 5, amuont: 5 });
// @ts-expect-error Undeclared<"blance">
void calls.call("balances.find", { query: { blance: 5 } });
