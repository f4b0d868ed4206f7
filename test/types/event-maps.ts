// Compiled by `npm run typecheck`, never run: the events of a store may be an interface.
import { Aggregate, Decider, EventStore, ProcessManager, Subscription, type EventsOf } from "moleculer-event-sourcing";
import { expectType, type Equals } from "./expect-type.ts";

interface Opened {
  iban: string;
  owner?: string;
}
interface Events {
  "account.opened": Opened;
  "account.closed": Record<string, never>;
}

const eventStore = EventStore<Events>("bank");
expectType<Equals<EventsOf<typeof eventStore>, Events>>(true);
const anyStore: EventStore = EventStore("any");
void anyStore;

Decider("account", {
  eventStore,
  initialState: () => ({ isOpen: false }),
  commands: {
    open: {
      params: { iban: "string" },
      decide: (_state, { iban }) => ({ type: "account.opened", payload: { iban } }),
    },
    close: { decide: ({ isOpen }) => (isOpen ? { type: "account.closed" } : null) },
    // @ts-expect-error -- a type that the store does not have
    lose: { decide: () => ({ type: "account.lost", payload: {} }) },
  },
  evolve: {
    "account.opened": (state, { payload }) => {
      expectType<Equals<typeof payload, Opened>>(true);
      return { ...state, isOpen: true };
    },
    "account.closed": (state) => ({ ...state, isOpen: false }),
  },
});

Aggregate("accounts", { eventStore, fields: { iban: "string" } })
  .on("account.opened")
  .create(({ payload: { iban } }) => ({ iban }))
  .on("account.*")
  .update((event) => ("iban" in event.payload ? { iban: event.payload.iban } : null));

Subscription("mails", { eventStore, on: { "account.opened": ({ payload }) => payload.iban satisfies string } });
ProcessManager("welcome", {
  eventStore,
  on: { "account.opened": ({ payload }, { call }) => call("mail.send", payload) },
});

export const open = eventStore.mapAction("account.opened", { params: { id: "string", iban: "string" } });
// @ts-expect-error -- a type that the store does not have
export const lose = eventStore.mapAction("account.lost");

// A store of unknown types has any type and payload.
export const note = (store: ReturnType<typeof EventStore>) =>
  store.mapAction("note.taken", { params: { id: "string" } });
