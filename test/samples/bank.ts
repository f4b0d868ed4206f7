import { Decider, EventStore } from "moleculer-event-sourcing";
import { Errors, type ServiceSchema } from "moleculer";
import { accounts, care, totals, watch } from "./bank-consumers.ts";
import type { SampleEngine } from "./sample-engine.ts";

export interface BankOptions {
  /** The connection string of the log. */
  log: string;
  folder: string;
  table?: SampleEngine["table"] | undefined;
  /** False while a sample is made: the handlers of flagged accounts fail, so that their events are parked. */
  isMended: boolean;
}

export type Store = ReturnType<typeof store>;

/**
 * The services of the samples. All definitions state versions: stores hold hashes of definitions, and two compilers
 * write one function in two texts.
 */
export function bank({ log, folder, table, isMended }: BankOptions): ServiceSchema {
  const events = store(log, folder);
  const place = (name: string) => table?.(name, folder) ?? {};
  const mayFail = () => {
    if (!isMended) throw new Errors.MoleculerClientError("flagged accounts cannot be handled yet", 422, "FLAGGED");
  };
  const consumers = [
    accounts(events, mayFail, place("accounts")),
    totals(events, place("totals")),
    watch(events, mayFail),
    care(events, mayFail),
  ];
  return {
    name: "account",
    mixins: [account(events, mayFail).mixin(), ...consumers.map((consumer) => consumer.mixin())],
  };
}

const store = (adapter: string, transferFolder: string) =>
  EventStore("bank", {
    adapter,
    transferFolder,
    events: {
      "account.opened": {
        payload: { owner: "string", email: "string", phone: "string", country: "string" },
        schemaVersion: 2,
        upcasters: { 1: (payload) => ({ ...(payload as object), country: "FR" }) },
      },
      "account.deposited": { payload: { amount: "number" } },
      "account.flagged": { payload: { why: "string" } },
      "account.closed": { payload: { reason: "string" } },
      "account.reminded": { payload: { of: "string" }, renamedFrom: ["account.warned"] },
    },
  });

const account = (eventStore: Store, mayFail: () => void) =>
  Decider("account", {
    eventStore,
    initialState: () => ({ balance: 0 }),
    stateSnapshots: { every: 2, version: 1 },
    claims: {
      email: { claim: { "account.opened": "email" }, release: ["account.closed"], ignoreCase: true, version: 1 },
      phone: { claim: { "account.opened": "phone" }, release: ["account.closed"], version: 1 },
    },
    commands: {
      open: {
        params: { owner: "string", email: "string", phone: "string" },
        decide: (_, { owner, email, phone }) => ({
          type: "account.opened",
          payload: { owner, email, phone, country: "IT" },
        }),
      },
      deposit: {
        params: { amount: "number" },
        decide: (_, { amount }) => ({ type: "account.deposited", payload: { amount } }),
      },
      flag: {
        params: { why: "string" },
        decide: (_, { why }) => ({ type: "account.flagged", payload: { why } }),
      },
      close: {
        params: { reason: "string" },
        decide: (_, { reason }) => ({ type: "account.closed", payload: { reason } }),
      },
      remind: {
        params: { of: "string" },
        decide: (_, { of }) => {
          if (of === "flag") mayFail();
          return { type: "account.reminded", payload: { of } };
        },
      },
    },
    evolve: {
      "account.opened": (state) => state,
      "account.deposited": ({ balance }, { payload }) => ({ balance: balance + payload.amount }),
      "account.flagged": (state) => state,
      "account.closed": (state) => state,
      "account.reminded": (state) => state,
    },
  });
