/*
 * Compiled by `npm run typecheck`, never run. Each comment is what an editor shows for the name above its arrow:
 * `hovered.spec.ts` asks the language server.
 */
import { Aggregate, Decider, EventStore, ProcessManager } from "moleculer-event-sourcing";

const bank = EventStore("bank", {
  events: {
    "account.opened": { payload: { iban: "string", owner: "string?" } },
    "account.deposited": { payload: { amount: "number" } },
  },
});

Decider("account", {
  eventStore: bank,
  initialState: () => ({ balance: 0 }),
  commands: {
    deposit: {
      params: { amount: "number" },
      decide(state, command) {
        //   ^? (parameter) state: { balance: number; }
        return { type: "account.deposited", payload: { amount: Math.min(command.amount, 10 - state.balance) } };
        //                                                              ^? (parameter) command: { id: string; amount: number; }
      },
    },
    open: {
      decide(_state, command) {
        //           ^? (parameter) command: { [param: string]: unknown; id: string; }
        return { type: "account.opened", payload: { iban: command.id } };
      },
    },
  },
  evolve: {
    "account.deposited": (state, event) => ({ balance: state.balance + event.payload.amount }),
    //                    ^? (parameter) state: { balance: number; }
    "account.opened": (state, { payload }) => (payload.owner ? state : { ...state, balance: 1 }),
    //                          ^? (parameter) payload: { iban: string; owner?: string | null; }
  },
});

Aggregate("balances", { eventStore: bank, fields: { balance: { type: "number", required: true }, owner: "string" } })
  .on("account.deposited")
  .update((event, { row }) => ({ balance: (row?.balance ?? 0) + event.payload.amount }));
//                  ^? (parameter) row: { id: string; balance: number; owner: string | null; } | null

bank.mapAction("account.opened", { meta: (params) => ({ owner: params.owner }) });
//                                        ^? (parameter) params: { id: string; iban: string; owner?: string | null; }

ProcessManager("welcome", {
  eventStore: bank,
  initialState: () => ({ isSent: false }),
  on: {
    "account.opened": (event, { state }) => ({ isSent: state.isSent || event.payload.owner !== null }),
    //                 ^? (parameter) event: RecordedEvent<"account.opened", { iban: string; owner?: string | null; }>
  },
});
