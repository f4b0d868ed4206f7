import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import {
  Aggregate,
  EventStore,
  type ErrorPolicy,
  type EventStore as Store,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { eventsIn } from "./pages.ts";

export interface Moved {
  account: string;
  amount: number;
}

export type Movement = RecordedEvent<"account.moved", Moved>;

export interface Entry {
  id: string;
  account: string;
  amount: number;
  /** The number of entries up to this one. */
  nth: number;
  /** The sum of all amounts up to this one. */
  running: number;
  /** The sum of the account's amounts up to this one. */
  balance: number;
  /** The account of the entry before, according to two other actions. */
  previous: string;
}

type Events = Store<{ "account.moved": Moved }>;
interface Options {
  onError?: Partial<ErrorPolicy>;
  readAfterTimeoutMs?: number;
}

/** The store on its host. */
export const hostedStore = (folder: string): Events => EventStore("events", { adapter: `sqlite:${folder}/events.db` });
/** The same store on any other node; the folder is for other files there. */
export const remoteStore = (folder: string): Events =>
  EventStore("events", { adapter: `sqlite:${folder}/events.db`, host: false });

export const keeper = (folder: string): ServiceSchema => ({ name: "keeper", mixins: [hostedStore(folder).mixin()] });

/** Commands, on a node that hosts nothing. */
export function commands(events: Events = remoteStore("nowhere")): ServiceSchema {
  return {
    name: "accounts",
    mixins: [events.mixin()],
    actions: {
      move: events.mapAction("account.moved", {
        params: { account: "string", amount: "number" },
        stream: ({ account }) => `account-${account}`,
      }),
    },
  };
}

/** A table with a row per event that describes the rows before it; its transform is an action of `book`. */
export function entriesHost(folder: string, options: Options = {}): ServiceSchema {
  const entries = Aggregate("entries", {
    eventStore: remoteStore(folder),
    fields: {
      account: { type: "string", index: true },
      amount: "integer",
      nth: { type: "integer", index: true },
      running: "integer",
      balance: "integer",
      previous: "string",
    },
    ...options,
  })
    .on("account.moved")
    .create("book.entry");
  return { name: "entriesHost", mixins: [entries.mixin()] };
}

type Hook = (ctx: Context<Movement>) => unknown;

/** The transform, which is right only if its queries see every event before its own. */
export function book(hook: Hook = () => {}): ServiceSchema {
  return {
    name: "book",
    actions: {
      async entry(ctx: Context<Movement>): Promise<Entry> {
        await hook(ctx);
        const { position, payload } = ctx.params;
        const { account, amount } = payload;
        const id = String(position - 1);
        const ask = <Answer>(action: string, params: object = {}): Promise<Answer> =>
          ctx.call(`entries.${action}`, params);
        const [count, own, list, before, resolved] = await Promise.all([
          ask<number>("count"),
          ask<Entry[]>("find", { query: { account }, sort: "-nth", limit: 1 }),
          ask<{ rows: Entry[] }>("list", { sort: "-nth", pageSize: 1 }),
          ask<Entry[]>("get", { id: [id] }),
          ask<Entry | null>("resolve", { id }),
        ]);
        return {
          id: String(position),
          account,
          amount,
          nth: count + 1,
          running: (list.rows[0]?.running ?? 0) + amount,
          balance: (own[0]?.balance ?? 0) + amount,
          previous: `${before[0]?.account}/${resolved?.account}`,
        };
      },
    },
  };
}

/** The same table computed with a plain loop; the log may contain other events, too. */
export function plainEntries(events: readonly Movement[]): Entry[] {
  const balances = new Map<string, number>();
  let running = 0;
  const moved = events.filter(({ type }) => type === "account.moved");
  return moved.map(({ position, payload: { account, amount } }, index) => {
    running += amount;
    const balance = (balances.get(account) ?? 0) + amount;
    balances.set(account, balance);
    const before = moved[index - 1];
    const previous = before?.position === position - 1 ? before.payload.account : undefined;
    const previously = `${previous}/${previous}`;
    return { id: String(position), account, amount, nth: index + 1, running, balance, previous: previously };
  });
}

/** The whole log, read in pages from any node. */
export async function readLog<Event extends { position: number } = Movement>(broker: ServiceBroker): Promise<Event[]> {
  const events: Event[] = [];
  for (;;) {
    const page: Event[] = await eventsIn(
      broker.call("events.read", { after: events.at(-1)?.position ?? 0, limit: 5000 }),
    );
    if (page.length === 0) return events;
    events.push(...page);
  }
}

/** The whole table of one node, in the order of the log; read in parts, since messages between nodes are bounded. */
export async function readEntries(broker: ServiceBroker, nodeID: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  for (;;) {
    const params = { sort: "nth", limit: 2000, offset: entries.length };
    const part: Entry[] = await broker.call("entries.find", params, { nodeID });
    if (part.length === 0) return entries;
    entries.push(...part);
  }
}

/** Appends `count` movements of five accounts, a few at the same time. */
export async function moveOften(broker: ServiceBroker, count: number): Promise<void> {
  for (let at = 0; at < count; at += 10)
    await Promise.all(
      Array.from({ length: Math.min(10, count - at) }, (_, index) =>
        broker.call("accounts.move", { account: `a${index % 5}`, amount: at + index }),
      ),
    );
}
