import {
  Aggregate,
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type Adapter,
  type EventCatalogue,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";

type Noted = Pick<RecordedEvent<string, unknown>, "id" | "type" | "stream" | "payload">;

/** How one release of a library calls the events of a loan, and what they contain. */
export interface Words {
  events: EventCatalogue;
  made: string;
  returned: string;
  /** The payload of a new loan. */
  loanOf: (name: string) => object;
}

/** The first release calls a loan what happens to its book. */
export const first: Words = {
  events: {
    "book.lent": { payload: { name: "string" } },
    "book.returned": { payload: { late: "boolean" } },
  },
  made: "book.lent",
  returned: "book.returned",
  loanOf: (name) => ({ name }),
};

/** Where a library keeps its log, its table (beside the log by default) and its exports; outlives the broker. */
export interface LibraryPlace {
  log: string | Adapter;
  table?: string | Adapter;
  folder: string;
}

/** Each call names an empty place. */
export type NewPlace = () => LibraryPlace | Promise<LibraryPlace>;

/** A library on a node: a store, and one of every kind of consumer. */
export class Library {
  /** The events that handlers and listeners got. */
  readonly handled: Noted[] = [];
  readonly heard: Noted[] = [];
  readonly services: ServiceSchema[];

  constructor({ events: catalogue, made, returned, loanOf }: Words, { log, table, folder }: LibraryPlace) {
    const note = (list: Noted[], { id, type, stream, payload }: Noted) => void list.push({ id, type, stream, payload });
    const events = EventStore("events", {
      adapter: log,
      events: catalogue,
      transferFolder: folder,
    });
    const loans = Aggregate("loans", {
      eventStore: events,
      ...(table !== undefined && { adapter: table }),
      fields: { name: "string", months: "number", late: "boolean", events: "integer" },
      onError: { retries: 0 },
    })
      .on(made)
      .update(({ payload }, { row }) => ({ ...(payload as object), events: (row?.events ?? 0) + 1 }))
      .on(returned)
      .update(({ payload }, { row }) => ({ ...(payload as object), events: (row?.events ?? 0) + 1 }));
    const mails = Subscription("mails", {
      eventStore: events,
      on: { [made]: (event) => note(this.handled, event) },
      onError: { retries: 0 },
    });
    const reminders = ProcessManager("reminders", {
      eventStore: events,
      initialState: () => [] as string[],
      on: {
        [made]: ({ type }, { state }) => [...state, type],
        [returned]: ({ type }, { state }) => [...state, type],
      },
    });
    const loan = Decider("loan", {
      eventStore: events,
      initialState: () => [] as string[],
      commands: {
        make: {
          params: { name: "string" },
          decide: (_, { name }) => ({ type: made, payload: loanOf(name) }),
        },
        return: {
          decide: () => ({ type: returned, payload: { late: false } }),
        },
      },
      evolve: {
        [made]: (state, { payload }) => [...state, `made ${(payload as { name: string }).name}`],
        [returned]: (state) => [...state, "returned"],
      },
      stateSnapshots: { every: 2 },
      claims: { name: { claim: { [made]: "name" }, release: [returned] } },
    });
    this.services = [
      { name: "loan", mixins: [loan.mixin()] },
      {
        name: "shelf",
        mixins: [loans.mixin(), mails.mixin(), reminders.mixin()],
        events: { [made.replace(/[^.]*$/, "*")]: (ctx: Context<RecordedEvent>) => note(this.heard, ctx.params) },
      },
    ];
  }
}

export const make = (broker: ServiceBroker, id: string, name: string): Promise<unknown> =>
  broker.call("loan.make", { id, name });

/** Loans of Ann, Bob and Cid, of which Cid's is returned: four events. */
export async function makeThree(broker: ServiceBroker): Promise<void> {
  for (const [index, name] of ["Ann", "Bob", "Cid"].entries()) await make(broker, String(index + 1), name);
  await broker.call("loan.return", { id: "3" });
}
