import {
  Aggregate,
  EventStore,
  ProcessManager,
  type ProcessView,
  Subscription,
  type Adapter,
  type RecordedEvent,
  type TransformView,
} from "moleculer-event-sourcing";
import type { Context, ServiceSchema } from "moleculer";

export type BookEvents = {
  "book.moved": { account: string; amount: number };
  /** Changes the account's last entry. */
  "book.corrected": { account: string; amount: number };
  /** Removes the account's first entry unless it is also its last. */
  "book.struck": { account: string };
  "note.taken": { account: string; count: number };
};

export type BookEvent = RecordedEvent<string, { account: string; amount: number; count: number }>;

export interface Entry {
  id: string;
  account: string;
  nth: number;
  /** The sum of all amounts up to this one. */
  running: number;
  /** The sum of the account's amounts up to this one, with its corrections. */
  balance: number;
  corrections: number;
}

interface Places {
  /** Connection strings. */
  log: string;
  table: Adapter;
  sendLine: (...words: unknown[]) => void;
}

export const eventsPerNote = 5;

/**
 * The services of every node: the log and the table, a listener, a subscription, and a process manager that counts the
 * corrected and struck entries of each account and sends a command for every fifth.
 */
export function bookServices({ log, table, sendLine }: Places): ServiceSchema[] {
  const events = EventStore<BookEvents>("events", { adapter: log });
  const entries = Aggregate("entries", {
    eventStore: events,
    adapter: table,
    fields: {
      account: { type: "string", index: true },
      nth: { type: "integer", index: true },
      running: "integer",
      balance: "integer",
      corrections: "integer",
    },
    snapshots: false,
  })
    .on("book.moved")
    .create(({ position, payload: { account, amount } }, view) => entryOf(position, account, amount, view))
    .on("book.corrected")
    .update(async ({ payload: { account, amount } }, { find }) => {
      const [own] = await last(find, { account });
      return own ? { id: own.id, balance: own.balance + amount, corrections: own.corrections + 1 } : null;
    })
    .on("book.struck")
    .remove(async ({ payload: { account } }, { find }) => {
      const [first, second] = await find({ query: { account }, sort: "nth", limit: 2 });
      return second ? (first as unknown as Entry).id : null;
    });
  const watch = Subscription("watch", {
    eventStore: events,
    on: { "book.*": ({ position }) => sendLine("handled", position) },
  });
  const count = async (
    { payload: { account } }: { payload: { account: string } },
    { state, call }: Pick<ProcessView<{ count: number }>, "state" | "call">,
  ) => {
    const count = state.count + 1;
    if (count % eventsPerNote === 0) await call("notes.take", { account, count });
    return { count };
  };
  const counter = ProcessManager("counter", {
    eventStore: events,
    correlate: ({ payload }) => payload.account,
    initialState: () => ({ count: 0 }),
    on: { "book.corrected": count, "book.struck": count },
  });
  const hear = (ctx: Context<BookEvent>) => sendLine("heard", ctx.params.position);
  return [
    { name: "books", mixins: [events.mixin(), entries.mixin(), watch.mixin(), counter.mixin()] },
    {
      name: "notes",
      actions: {
        take: events.mapAction("note.taken", {
          stream: ({ account }: BookEvents["note.taken"]) => `note-${account}`,
        }),
      },
    },
    { name: "listener", events: { "book.*": hear, "note.*": hear } },
  ];
}

type Find = TransformView["find"];

const last = async (find: Find, query: object) => (await find({ query, sort: "-nth", limit: 1 })) as unknown as Entry[];

/** Right only if it sees every entry before its own, once. */
async function entryOf(position: number, account: string, amount: number, { find }: TransformView): Promise<Entry> {
  const [[before], [own]] = await Promise.all([last(find, {}), last(find, { account })]);
  return {
    id: String(position),
    account,
    nth: (before?.nth ?? 0) + 1,
    running: (before?.running ?? 0) + amount,
    balance: (own?.balance ?? 0) + amount,
    corrections: 0,
  };
}

/** The table computed with a plain loop. */
export function plainBooks(events: readonly BookEvent[]): Entry[] {
  let entries: Entry[] = [];
  for (const { type, position, payload } of events) {
    const { account, amount } = payload;
    const own = entries.filter((entry) => entry.account === account);
    const newest = own.at(-1);
    if (type === "book.moved") {
      const before = entries.at(-1);
      entries.push({
        id: String(position),
        account,
        nth: (before?.nth ?? 0) + 1,
        running: (before?.running ?? 0) + amount,
        balance: (newest?.balance ?? 0) + amount,
        corrections: 0,
      });
    } else if (type === "book.corrected" && newest) {
      newest.balance += amount;
      newest.corrections++;
    } else if (type === "book.struck" && own.length > 1) entries = entries.filter((entry) => entry !== own[0]);
  }
  return entries;
}
