import type { Context, ServiceSchema } from "moleculer";
import { Aggregate, EventStore, type Adapter, type RecordedEvent } from "moleculer-event-sourcing";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";

export interface Moved {
  account: number;
  amount: number;
}

type MovedEvent = RecordedEvent<"account.moved", Moved>;

/** An amount that no transform accepts: its event is parked, and its stream waits behind it. */
export const poison = 13;

export const ledgerFields = {
  balances: { count: "integer", sum: "integer", last: "integer" },
  entries: { account: "integer", amount: "integer" },
} as const;

/** A store, a table of balances folded by a function, a table of two rows per event folded by an action. */
export function ledgerService(folder: string, as = (adapter: Adapter) => adapter): ServiceSchema {
  const events = EventStore<{ "account.moved": Moved }>("ledger", { adapter: as(sqlite(`${folder}/ledger.db`)) });
  const onError = { retries: 1, delayMs: 1, maxParkedInARow: 1_000_000 };
  // With a version: a process that Node runs and one that jest compiles have different texts of the same function.
  const version = 1;
  const balances = Aggregate("balances", {
    eventStore: events,
    onError,
    definitionVersion: version,
    fields: ledgerFields.balances,
  })
    .on("account.moved")
    .update(async ({ payload: { account, amount }, version }, { get }) => {
      if (amount === poison) throw new Error("poison");
      const row = await get(String(account));
      return { id: String(account), count: (row?.count ?? 0) + 1, sum: (row?.sum ?? 0) + amount, last: version };
    });
  const entries = Aggregate("entries", {
    eventStore: events,
    onError,
    definitionVersion: version,
    fields: ledgerFields.entries,
  })
    .on("account.moved")
    .createMany("accounts.toEntries");
  return {
    name: "accounts",
    mixins: [events.mixin(), balances.mixin(), entries.mixin()],
    actions: {
      move: events.mapAction("account.moved", {
        stream: ({ account }) => `account-${String(account)}`,
      }),
      toEntries(ctx: Context<MovedEvent>) {
        const { account, amount } = ctx.params.payload;
        if (amount === poison) throw new Error("poison");
        return [
          { account, amount },
          { account, amount: -amount },
        ];
      },
    },
  };
}

type Rows = Map<string, Record<string, unknown>>;

/** `count` movements of one account; the last may be poison. */
export const moves = (account: number, count: number, isPoisoned = false) =>
  Array.from({ length: count }, (_, index) => ({
    type: "account.moved",
    payload: { account, amount: isPoisoned && index === count - 1 ? poison : 20 + index },
  }));

/** The same tables computed with plain loops, and the events that must be parked. */
export function plainLedger(events: readonly MovedEvent[]): { balances: Rows; entries: Rows; parked: string[] } {
  const balances: Rows = new Map();
  const entries: Rows = new Map();
  const blocked = new Set<string>();
  const parked: string[] = [];
  for (const { id, stream, version, payload } of events) {
    const { account, amount } = payload;
    if (amount === poison) blocked.add(stream);
    if (blocked.has(stream)) {
      parked.push(id);
      continue;
    }
    const row = balances.get(String(account)) as { count: number; sum: number } | undefined;
    balances.set(String(account), {
      id: String(account),
      count: (row?.count ?? 0) + 1,
      sum: (row?.sum ?? 0) + amount,
      last: version,
    });
    entries.set(`${id}-0`, { id: `${id}-0`, account, amount });
    entries.set(`${id}-1`, { id: `${id}-1`, account, amount: -amount });
  }
  return { balances, entries, parked };
}
