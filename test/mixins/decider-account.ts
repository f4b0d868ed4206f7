import { Errors, type ServiceSchema } from "moleculer";
import { Decider, EventStore, type Adapter, type DeciderOptions } from "moleculer-event-sourcing";

export type AccountEvents = {
  "account.opened": { owner: string; iban?: string };
  "account.deposited": { amount: number };
  "account.withdrawn": { amount: number };
  "account.closed": { iban?: string };
};

export interface Account {
  isOpen: boolean;
  balance: number;
}

export class InsufficientFunds extends Errors.MoleculerClientError {
  constructor(balance: number, amount: number) {
    super(`insufficient funds: ${balance} < ${amount}`, 409, "INSUFFICIENT_FUNDS", { balance, amount });
  }
}

export const accountEvents = (adapter: string | Adapter) => EventStore<AccountEvents>("events", { adapter });

/** The same store, hosted by another service. */
export const accountEventsElsewhere = EventStore<AccountEvents>("events", { host: false });

type Options = DeciderOptions<AccountEvents, Account, Record<string, unknown>>;
type More = Partial<Pick<Options, "stateSnapshots" | "claims" | "conflictRetries" | "stream">>;

/** A bank account's decider; `more` overrides options. */
export const accountDecider = (eventStore: EventStore<AccountEvents>, more: More = {}) =>
  Decider("account", {
    eventStore,
    initialState: (): Account => ({ isOpen: false, balance: 0 }),
    commands: {
      open: {
        params: { owner: "string", iban: "string?" },
        decide: ({ isOpen }, { owner, iban }) =>
          isOpen ? null : { type: "account.opened", payload: { owner, ...(iban && { iban }) } },
      },
      deposit: {
        params: { amount: { type: "number", min: 1 } },
        decide: (_state, { amount }) => ({ type: "account.deposited", payload: { amount } }),
      },
      withdraw: {
        params: { amount: { type: "number", min: 1 } },
        decide({ balance }, { amount }) {
          if (balance < amount) throw new InsufficientFunds(balance, amount);
          return { type: "account.withdrawn", payload: { amount } };
        },
      },
      move: {
        params: { amounts: { type: "array", items: "number" } },
        decide: (_state, { amounts }) => amounts.map((amount) => ({ type: "account.deposited", payload: { amount } })),
      },
      close: { decide: () => ({ type: "account.closed" }) },
    },
    evolve: {
      "account.opened": (state) => ({ ...state, isOpen: true }),
      "account.deposited": (state, { payload }) => ({ ...state, balance: state.balance + payload.amount }),
      "account.withdrawn": (state, { payload }) => ({ ...state, balance: state.balance - payload.amount }),
      "account.closed": (state) => ({ ...state, isOpen: false }),
    },
    ...more,
  });

/** The service `account` with the decider, which brings its store along. */
export function accountService(
  adapter: string | Adapter,
  more: More = {},
  service: Partial<ServiceSchema> = {},
): ServiceSchema {
  return {
    name: "account",
    mixins: [accountDecider(accountEvents(adapter), more).mixin()],
    ...service,
  };
}
