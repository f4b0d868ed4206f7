import { readdirSync } from "node:fs";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import {
  Aggregate,
  EventStore,
  type ErrorPolicy,
  type EventCatalogue,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { caughtUp, newFolder, startBroker } from "../support/broker.ts";
import { eventsIn, streamsIn } from "../support/pages.ts";

export interface Account {
  id: string;
  balance: number;
  moves: number;
}

type Event = RecordedEvent<string, { account?: string; amount?: number }>;
type Hook = (event: Event) => unknown;

/** The places of log and table, by engine. */
export const engines: [engine: string, places: (folder: string) => { log: string; table: string }][] = [
  ["SQLite", (folder) => ({ log: `sqlite:${folder}/events.db`, table: `sqlite:${folder}/accounts.db` })],
  ["Memory", () => ({ log: "memory:", table: "memory:" })],
];

interface Options {
  places: (typeof engines)[number][1];
  folder?: string;
  /** Called in the transform, before its queries. */
  hook?: Hook;
  onError?: Partial<ErrorPolicy>;
  catalogue?: EventCatalogue;
}

/** A table of accounts whose transforms are actions that query the table itself. */
export async function bank({
  places,
  folder = newFolder(),
  hook,
  onError,
  catalogue,
}: Options): Promise<ServiceBroker> {
  const { log, table } = places(folder);
  const events = EventStore("events", { adapter: log, ...(catalogue && { events: catalogue }) });
  const accounts = Aggregate("accounts", {
    eventStore: events,
    adapter: table,
    fields: { balance: { type: "integer", index: true }, moves: "integer" },
    onError: { retries: 1, delayMs: 1, ...onError },
  })
    .on("account.moved")
    .update("teller.move")
    .on("account.closed")
    .remove("teller.close");
  return startBroker([{ name: "bank", mixins: [events.mixin(), accounts.mixin()] }, teller(hook)]);
}

const teller = (hook: Hook = () => {}): ServiceSchema => ({
  name: "teller",
  actions: {
    async move(ctx: Context<Event>) {
      await hook(ctx.params);
      const { account, amount } = ctx.params.payload;
      const { balance, moves } = await ctx.call<Account, object>("accounts.resolve", { id: account }).then(orNew);
      return { id: account, balance: balance + amount!, moves: moves + 1 };
    },
    async close(ctx: Context<Event>) {
      await hook(ctx.params);
      return ctx.params.payload.account;
    },
  },
});

const orNew = (row: Account | null) => row ?? { balance: 0, moves: 0 };

/** The table computed with a plain loop. */
export function plainAccounts(events: readonly Pick<Event, "type" | "payload">[]): Account[] {
  const rows = new Map<string, Account>();
  for (const { type, payload } of events) {
    const { account = "", amount = 0 } = payload;
    const { balance, moves } = orNew(rows.get(account) ?? null);
    if (type === "account.moved") rows.set(account, { id: account, balance: balance + amount, moves: moves + 1 });
    if (type === "account.closed") rows.delete(account);
  }
  return [...rows.values()].toSorted((a, b) => (a.id < b.id ? -1 : 1));
}

export const log = (broker: ServiceBroker): Promise<Event[]> => eventsIn(broker.call("events.read", { limit: 10_000 }));

/** Appends to the account's stream; returns the event. */
export async function append(
  broker: ServiceBroker,
  type: string,
  payload: { account: string; amount?: number },
): Promise<Event> {
  const params = { stream: `account-${payload.account}`, events: [{ type, payload }] };
  return (await broker.call<{ events: Event[] }, object>("events.append", params)).events[0]!;
}

export const move = (broker: ServiceBroker, account: string, amount: number) =>
  append(broker, "account.moved", { account, amount });

/**
 * A short history: moves of three accounts, notes without a mapping, and an account that is closed and opened again.
 */
export async function history(broker: ServiceBroker): Promise<Event[]> {
  for (const [account, amount] of [
    ["a", 10],
    ["b", 20],
    ["a", -5],
    ["c", 7],
  ] as const)
    await move(broker, account, amount);
  await append(broker, "account.noted", { account: "a" });
  await append(broker, "account.closed", { account: "b" });
  await move(broker, "b", 1);
  await move(broker, "a", 100);
  await append(broker, "account.noted", { account: "c" });
  await caughtUp(broker, "accounts");
  return log(broker);
}

/** All that a query of the past must not change: log, rows, checkpoint, parked events. */
export async function contentOf(broker: ServiceBroker): Promise<object> {
  const { position, state, parked }: { position: number; state: string; parked: number } =
    await broker.call("accounts.status");
  return {
    log: await log(broker),
    streams: await streamsIn(broker.call("events.streams")),
    rows: await broker.call("accounts.find", { sort: "id" }),
    parkedEvents: await eventsIn(broker.call("accounts.parked")),
    status: { position, state, parked },
  };
}

/** The table's files, without SQLite's auxiliary files. */
export const filesOf = (folder: string): string[] =>
  readdirSync(`${folder}/accounts`).filter((file) => /^(live|\d+)\.db$/.test(file));
