import { Aggregate, ProcessManager, Subscription } from "moleculer-event-sourcing";
import type { Store } from "./bank.ts";
import type { TablePlace } from "./sample-engine.ts";

const onError = { retries: 0, delayMs: 1 };

export const accounts = (eventStore: Store, mayFail: () => void, place: TablePlace) =>
  Aggregate("accounts", {
    eventStore,
    ...place,
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

export const totals = (eventStore: Store, place: TablePlace) =>
  Aggregate("totals", { eventStore, ...place, definitionVersion: 1, fields: { amount: "integer" } })
    .on("account.deposited")
    .create(({ id, payload: { amount } }) => ({ id, amount }));

export const watch = (eventStore: Store, mayFail: () => void) =>
  Subscription("watch", { eventStore, onError, on: { "account.flagged": mayFail } });

/**
 * Deposits set a deadline that is soon due, and an opening one for years later; a closed account ends its process. The
 * stored process of a flagged account has a parked event, events that wait, and the refusal of a command. A flagged
 * account without a reason belongs to no process.
 */
export const care = (eventStore: Store, mayFail: () => void) =>
  ProcessManager("care", {
    eventStore,
    onError,
    initialState: () => ({ deposits: 0 }),
    correlate: (event, { id }) => {
      if (event.type === "account.flagged" && event.payload.why === "") mayFail();
      return id;
    },
    on: {
      "account.opened": (_, { schedule }) => schedule("later", { days: 3000 }),
      "account.deposited": (_, { state, schedule }) => {
        schedule("soon", { seconds: 30 });
        return { deposits: state.deposits + 1 };
      },
      "account.flagged": async (_, { id, call }) => {
        // Refused once, and therefore refused for ever: the bank would accept it when it is mended.
        await call("account.remind", { id, of: "flag" }).catch(() => call("account.remind", { id, of: "refusal" }));
        mayFail();
      },
      "account.closed": (_, { end }) => end(),
    },
    deadlines: {
      soon: async (_, { id, call }) => void (await call("account.remind", { id, of: "soon" })),
      later: async (_, { id, call }) => void (await call("account.remind", { id, of: "later" })),
    },
  });
