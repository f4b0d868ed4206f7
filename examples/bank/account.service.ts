import { randomUUID } from "node:crypto";
import { Aggregate, Decider, Subscription } from "moleculer-event-sourcing";
import type { ServiceSchema } from "moleculer";
import { tables } from "../engines.ts";
import { accountExists, accountNotEmpty, accountNotOpen, insufficientFunds, wrongToken } from "./errors.ts";
import { events } from "./store.ts";

interface Account {
  status: "unknown" | "open" | "closed";
  email: string;
  /** The token in the mail to a new customer; empty once the address is validated. */
  token: string;
  balance: number;
}

const amount = { type: "number", integer: true, positive: true, convert: true } as const;
const movement = { amount, transfer: "string?" } as const;

function mustBeOpen({ status }: Account, id: string): void {
  if (status !== "open") throw accountNotOpen(id, status);
}

export const account = Decider("account", {
  eventStore: events,
  initialState: (): Account => ({ status: "unknown", email: "", token: "", balance: 0 }),
  stateSnapshots: { every: 50 },
  // One account per address, in any letter case.
  claims: {
    email: {
      claim: { "account.opened": "email" },
      release: ["account.closed"],
      ignoreCase: true,
    },
  },
  commands: {
    open: {
      params: { owner: "string|min:1", email: "email" },
      decide({ status }, { id, owner, email }) {
        if (status !== "unknown") throw accountExists(id);
        return { type: "account.opened", payload: { owner, email, token: randomUUID() } };
      },
    },
    validateEmail: {
      params: { token: "string" },
      decide(state, { id, token }) {
        mustBeOpen(state, id);
        // A customer may follow the link in the mail twice.
        if (state.token === "") return [];
        if (token !== state.token) throw wrongToken(id);
        return { type: "account.emailValidated", payload: { email: state.email } };
      },
    },
    deposit: {
      params: movement,
      decide(state, { id, ...payload }) {
        mustBeOpen(state, id);
        return { type: "account.deposited", payload };
      },
    },
    withdraw: {
      params: movement,
      decide(state, { id, ...payload }) {
        mustBeOpen(state, id);
        if (payload.amount > state.balance) throw insufficientFunds(state.balance, payload.amount);
        return { type: "account.withdrawn", payload };
      },
    },
    close: {
      decide(state, { id }) {
        mustBeOpen(state, id);
        if (state.balance > 0) throw accountNotEmpty(id, state.balance);
        return { type: "account.closed", payload: { email: state.email } };
      },
    },
  },
  evolve: {
    "account.opened": (state, { payload: { email, token } }) => ({ ...state, status: "open", email, token }),
    "account.emailValidated": (state) => ({ ...state, token: "" }),
    "account.deposited": (state, { payload }) => ({ ...state, balance: state.balance + payload.amount }),
    "account.withdrawn": (state, { payload }) => ({ ...state, balance: state.balance - payload.amount }),
    "account.closed": (state) => ({ ...state, status: "closed" }),
  },
});

const accounts = Aggregate("accounts", {
  eventStore: events,
  ...tables(),
  fields: {
    owner: "string",
    email: { type: "string", index: true },
    isValidated: "boolean",
    balance: "integer",
    isOpen: "boolean",
  },
})
  .on("account.opened")
  .create(({ payload: { owner, email } }) => ({ owner, email, isValidated: false, balance: 0, isOpen: true }))
  .on("account.emailValidated")
  .update(() => ({ isValidated: true }))
  .on("account.deposited")
  .update(({ payload }, { row }) => ({ balance: (row?.balance ?? 0) + payload.amount }))
  .on("account.withdrawn")
  .update(({ payload }, { row }) => ({ balance: (row?.balance ?? 0) - payload.amount }))
  .on("account.closed")
  .update(() => ({ isOpen: false }));

/** A new customer gets a mail with a token. It may be sent twice: the mail is not an event. */
const welcome = Subscription("accountWelcome", {
  eventStore: events,
  on: {
    "account.opened": ({ payload: { email, owner, token } }, { id, call }) =>
      call("mail.send", { to: email, subject: `Welcome, ${owner}`, text: `Account ${id}: ${token}` }),
  },
});

const service: ServiceSchema = {
  name: "account",
  mixins: [account.mixin(), accounts.mixin(), welcome.mixin()],
};

export default service;
