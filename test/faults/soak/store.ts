import { Aggregate, Decider, EventStore, type Adapter } from "moleculer-event-sourcing";

export type SoakEvents = {
  "thing.counted": { thing: string; n: number; text: string };
  "thing.removed": { thing: string };
  "thing.poisoned": { thing: string };
  "account.opened": { iban: string };
  "account.deposited": { amount: number };
  "account.closed": { iban: string };
  "order.placed": { account: string };
  "order.touched": object;
  "order.poisoned": object;
  "watch.poisoned": object;
};

/** Always thrown for a poisoned event: its stream is parked until the event is skipped. */
export const poison = new Error("this event cannot be handled");

export const storeAt = (name: string, folder: string) =>
  EventStore<SoakEvents>(name, { adapter: `sqlite:${folder}/${name}.db` });

export type SoakStore = ReturnType<typeof storeAt>;

interface TableOptions {
  adapter: string | Adapter;
  snapshots?: { folder: string; keep: number };
}

/** Rows of things, which are counted, removed and counted again, so that their number is bounded. */
export const thingsTable = (name: string, eventStore: SoakStore, options: TableOptions) =>
  Aggregate(name, {
    ...options,
    eventStore,
    definitionVersion: 1,
    fields: { n: { type: "integer", index: true }, sum: "integer", text: "string" },
    onError: { retries: 1, delayMs: 1 },
  })
    .on("thing.counted")
    .update(async ({ payload: { thing, n, text } }, { get }) => {
      const row = await get(thing);
      return { id: thing, n, sum: ((row?.["sum"] as number | undefined) ?? 0) + n, text };
    })
    .on("thing.removed")
    .remove(({ payload: { thing } }) => thing)
    .on("thing.poisoned")
    .update(() => {
      throw poison;
    });

interface Account {
  iban: string;
  balance: number;
}

export const accountDecider = (name: string, eventStore: SoakStore) =>
  Decider(name, {
    eventStore,
    initialState: (): Account => ({ iban: "", balance: 0 }),
    stateSnapshots: { every: 10, version: 1 },
    claims: {
      iban: {
        claim: { "account.opened": ({ payload }) => payload.iban },
        release: { "account.closed": ({ payload }) => payload.iban },
      },
    },
    commands: {
      open: {
        params: { iban: "string" },
        decide: (state, { iban }) => (state.iban === "" ? { type: "account.opened", payload: { iban } } : []),
      },
      deposit: {
        params: { amount: "number" },
        decide: (_, { amount }) => ({ type: "account.deposited", payload: { amount } }),
      },
      close: { decide: ({ iban }) => (iban === "" ? [] : { type: "account.closed", payload: { iban } }) },
    },
    evolve: {
      "account.opened": (state, { payload }) => ({ ...state, iban: payload.iban }),
      "account.deposited": (state, { payload }) => ({ ...state, balance: state.balance + payload.amount }),
      "account.closed": (state) => ({ ...state, iban: "" }),
    },
  });
