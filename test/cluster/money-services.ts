import { appendFileSync } from "node:fs";
import { Errors, type ServiceSchema } from "moleculer";
import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type RecordedEvent,
  type TransformView,
} from "moleculer-event-sourcing";

export type MoneyEvents = {
  "account.opened": { iban: string };
  "account.deposited": { amount: number; transfer?: string | null };
  "account.withdrawn": { amount: number; transfer?: string | null };
  "transfer.requested": { transfer: string; from: string; to: string; amount: number };
  "transfer.completed": { transfer: string };
  "transfer.failed": { transfer: string };
};

export interface Tally {
  id: string;
  balance: number;
  movements: number;
}

export interface Places {
  /** Connection strings: of the log, of the table that nodes share, of the node's own. */
  log: string;
  shared: string;
  own: string;
  /** A file with a line for each event that the subscription has handled. */
  effects: string;
  /** Increases with each deployment. */
  release: number;
  /** Called after each piece of a consumer's work. */
  did: (consumer: string) => void;
}

/** The delay of a transfer between two accounts: a deadline of the process. */
const settleMs = 1000;

const movement = { amount: "number|integer|positive", transfer: "string|optional" } as const;

/** The services of each node: two deciders, a process manager, a subscription, a shared table and one of its own. */
export function moneyServices({ log, shared, own, effects, release, did }: Places): ServiceSchema[] {
  const events = EventStore<MoneyEvents>("events", { adapter: log });

  const account = Decider("account", {
    eventStore: events,
    initialState: () => ({ isOpen: false, balance: 0 }),
    commands: {
      open: {
        params: { iban: "string", amount: "number" },
        // Two events of one command, so that a half-stored command would be visible.
        decide: ({ isOpen }, { iban, amount }) =>
          isOpen
            ? []
            : [
                { type: "account.opened", payload: { iban } },
                { type: "account.deposited", payload: { amount } },
              ],
      },
      deposit: { params: movement, decide: (_, { id: _id, ...payload }) => ({ type: "account.deposited", payload }) },
      withdraw: {
        params: movement,
        decide({ balance }, { id: _id, ...payload }) {
          if (payload.amount > balance)
            throw new Errors.MoleculerClientError("insufficient funds", 422, "INSUFFICIENT_FUNDS", { balance });
          return { type: "account.withdrawn", payload };
        },
      },
    },
    evolve: {
      "account.opened": (state) => ({ ...state, isOpen: true }),
      "account.deposited": (state, { payload }) => ({ ...state, balance: state.balance + payload.amount }),
      "account.withdrawn": (state, { payload }) => ({ ...state, balance: state.balance - payload.amount }),
    },
    claims: { iban: { claim: { "account.opened": ({ payload }) => payload.iban } } },
    stateSnapshots: { every: 50 },
  });

  const transfer = Decider("transfer", {
    eventStore: events,
    initialState: () => ({ isKnown: false }),
    commands: {
      request: {
        params: { from: "string", to: "string", amount: "number" },
        decide: ({ isKnown }, { id, from, to, amount }) =>
          isKnown ? [] : { type: "transfer.requested", payload: { transfer: id, from, to, amount } },
      },
      // In any state, so that a deadline that fires twice is visible in the log.
      complete: { decide: (_, { id }) => ({ type: "transfer.completed", payload: { transfer: id } }) },
      fail: { decide: (_, { id }) => ({ type: "transfer.failed", payload: { transfer: id } }) },
    },
    evolve: {
      "transfer.requested": () => ({ isKnown: true }),
      "transfer.completed": (state) => state,
      "transfer.failed": (state) => state,
    },
  });

  const transfers = ProcessManager("transfers", {
    eventStore: events,
    correlate: ({ type, payload }) =>
      type === "transfer.requested" ? (payload as { transfer: string }).transfer : null,
    initialState: () => ({ to: "", amount: 0 }),
    on: {
      "transfer.requested": async ({ payload: { from, to, amount } }, { id, call, schedule }) => {
        await call("account.withdraw", { id: from, amount, transfer: id });
        schedule("settle", settleMs);
        did("transfers");
        return { to, amount };
      },
    },
    deadlines: {
      settle: async (_, { id, state, call, end }) => {
        await call("account.deposit", { id: state.to, amount: state.amount, transfer: id });
        await call("transfer.complete", { id });
        did("deadlines");
        end();
      },
    },
    compensate: async (_event, _error, { id, call, end }) => {
      await call("transfer.fail", { id });
      end();
    },
  });

  const receipts = Subscription("receipts", {
    eventStore: events,
    on: {
      "account.*": ({ id }) => {
        appendFileSync(effects, `${id}\n`);
        did("receipts");
      },
    },
  });

  const table = (name: string, adapter: string) => {
    // Not a function of the event alone, so that an event that is folded twice is visible in the row.
    const moved = async ({ stream }: RecordedEvent, amount: number, { get }: TransformView): Promise<object> => {
      const id = stream.slice("account-".length);
      const row = (await get(id)) as unknown as Tally | null;
      did(name);
      return { id, balance: (row?.balance ?? 0) + amount, movements: (row?.movements ?? 0) + 1 };
    };
    return Aggregate(name, {
      eventStore: events,
      adapter,
      fields: { balance: "integer", movements: "integer", ...(release > 1 && { [`release${release}`]: "string" }) },
      definitionVersion: release,
      snapshots: false,
    })
      .on("account.deposited")
      .update((event, view) => moved(event, event.payload.amount, view))
      .on("account.withdrawn")
      .update((event, view) => moved(event, -event.payload.amount, view));
  };
  const balances = table("balances", shared);
  const tallies = table("tallies", own);

  return [
    { name: "money", mixins: [events.mixin(), balances.mixin(), tallies.mixin(), receipts.mixin()] },
    { name: "account", mixins: [events.mixin(), account.mixin()] },
    { name: "transfer", mixins: [events.mixin(), transfer.mixin(), transfers.mixin()] },
  ];
}
