import { Aggregate, ProcessManager, Subscription } from "moleculer-event-sourcing";
import type { Store } from "./bank.ts";

const onError = { retries: 0, delayMs: 1 };

export const accounts = (eventStore: Store, mayFail: () => void) =>
  Aggregate("accounts", {
    eventStore,
    definitionVersion: 1,
    onError,
    fields: {
      owner: { type: "string", index: true },
      country: "string",
      balance: "integer",
      isFlagged: "boolean",
    },
  })
    .on("account.opened")
    .create(({ payload: { owner, country } }) => ({ owner, country, balance: 0, isFlagged: false }))
    .on("account.deposited")
    .update(({ payload }, { row }) => ({ balance: (row?.balance ?? 0) + payload.amount }))
    .on("account.flagged")
    .update(() => {
      mayFail();
      return { isFlagged: true };
    })
    .on("account.closed")
    .remove();

export const totals = (eventStore: Store) =>
  Aggregate("totals", { eventStore, definitionVersion: 1, fields: { amount: "integer" } })
    .on("account.deposited")
    .create(({ id, payload: { amount } }) => ({ id, amount }));

export const watch = (eventStore: Store, mayFail: () => void) =>
  Subscription("watch", { eventStore, onError, on: { "account.flagged": mayFail } });

/** Deposits set a deadline that is soon due, and one for years later; a closed account ends its process. */
export const care = (eventStore: Store, mayFail: () => void) =>
  ProcessManager("care", {
    eventStore,
    onError,
    initialState: () => ({ deposits: 0 }),
    on: {
      "account.opened": (_, { schedule }) => schedule("later", { days: 3000 }),
      "account.deposited": (_, { state, schedule }) => {
        schedule("soon", { seconds: 5 });
        return { deposits: state.deposits + 1 };
      },
      "account.flagged": mayFail,
      "account.closed": (_, { end }) => end(),
    },
    deadlines: {
      soon: async (_, { id, call }) => void (await call("account.remind", { id, of: "soon" })),
      later: async (_, { id, call }) => void (await call("account.remind", { id, of: "later" })),
    },
  });
