import { Errors } from "moleculer";
import { Aggregate, Decider, EventStore, ProcessManager } from "moleculer-event-sourcing";

const amount = "number|positive";
const events = EventStore("walletEvents", {
  events: {
    "wallet.opened": { payload: { email: "email" } },
    "wallet.deposited": { payload: { amount } },
    "wallet.withdrawn": { payload: { amount } },
  },
});
const wallet = Decider("wallet", {
  eventStore: events,
  initialState: () => ({ isOpen: false, balance: 0 }),
  claims: { email: { claim: { "wallet.opened": "email" }, ignoreCase: true } },
  commands: {
    open: {
      params: { email: "email" },
      decide: ({ isOpen }, { email }) => (isOpen ? [] : { type: "wallet.opened", payload: { email } }),
    },
    deposit: { params: { amount }, decide: (_, { amount }) => ({ type: "wallet.deposited", payload: { amount } }) },
    withdraw: {
      params: { amount },
      decide({ balance }, { amount }) {
        if (amount <= balance) return { type: "wallet.withdrawn", payload: { amount } };
        throw new Errors.MoleculerClientError("too little", 422, "TOO_LITTLE", { balance });
      },
    },
  },
  evolve: {
    "wallet.opened": (state) => ({ ...state, isOpen: true }),
    "wallet.deposited": (state, { payload }) => ({ ...state, balance: state.balance + payload.amount }),
    "wallet.withdrawn": (state, { payload }) => ({ ...state, balance: state.balance - payload.amount }),
  },
});
const balances = Aggregate("balances", { eventStore: events, fields: { balance: "number" } })
  .on("wallet.*")
  .update(({ type, payload }, { row }) => {
    const change = "amount" in payload ? payload.amount : 0;
    return { balance: (row?.balance ?? 0) + (type === "wallet.withdrawn" ? -change : change) };
  });
const reminders = ProcessManager("reminders", {
  eventStore: events,
  on: {
    "wallet.opened": ({ payload }, { schedule }) => schedule("empty", { days: 1 }, payload.email),
    "wallet.deposited": (_, { end }) => end(),
  },
  deadlines: { empty: ({ data }, { call }) => call("mail.send", { to: data, text: "Your wallet is empty" }) },
});
export default { name: "wallet", mixins: [wallet.mixin(), balances.mixin(), reminders.mixin()] };
