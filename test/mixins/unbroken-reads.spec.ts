import type { ServiceBroker, ServiceSchema } from "moleculer";
import { Aggregate, EventStore, type Manifest } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, newFolder, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const engines: [engine: string, places: (folder: string) => { log: string; table: string }][] = [
  ["SQLite", (folder) => ({ log: `sqlite:${folder}/events.db`, table: `sqlite:${folder}/accounts.db` })],
  ["memory", () => ({ log: "memory:", table: "memory:" })],
];

interface Account {
  id: string;
  balance: number;
  /** The position of the last event that has changed it. */
  last: number;
}

const ids = Array.from({ length: 12 }, (_, n) => `a${String(n).padStart(2, "0")}`);

type Events = { "bank.opened": { at: number }; "money.moved": { from: string; to: string; amount: number } };

/** Each event changes two rows and keeps the sum of their balances. */
function bank({ log, table }: { log: string; table: string }, folder: string): ServiceSchema {
  const events = EventStore<Events>("events", { adapter: log });
  const accounts = Aggregate("accounts", {
    eventStore: events,
    adapter: table,
    fields: { balance: { type: "integer", index: true }, last: "integer" },
    snapshots: { folder },
  })
    .on("bank.opened")
    .createMany(({ position }) => ids.map((id) => ({ id, balance: 0, last: position })))
    .on("money.moved")
    .updateMany(async ({ position, payload: { from, to, amount } }, { get }) => [
      { id: from, balance: (await get(from))!.balance! - amount, last: position },
      { id: to, balance: (await get(to))!.balance! + amount, last: position },
    ]);
  return { name: "bank", mixins: [events.mixin(), accounts.mixin()] };
}

/** Expects a state that the table may have at any moment; returns its progress. */
function expectWhole(rows: readonly Account[]): number {
  const sum = rows.reduce((total, { balance }) => total + balance, 0);
  const last = rows.map((row) => row.last).toSorted((a, b) => b - a);
  // Throws directly: `expect` is too slow for a tight loop.
  if (rows.length !== ids.length || sum !== 0 || last[0] !== last[1])
    throw new Error(`a half state: ${JSON.stringify(rows)}`);
  return last[0]!;
}

const reads: [string, (broker: ServiceBroker) => Promise<Account[]>][] = [
  ["find", (broker) => broker.call("accounts.find")],
  ["sorted find", (broker) => broker.call("accounts.find", { sort: "-balance" })],
  ["get", (broker) => broker.call("accounts.get", { id: ids })],
  [
    "list",
    async (broker) => {
      const page: { rows: Account[]; total: number } = await broker.call("accounts.list", { pageSize: 100 });
      if (page.total !== ids.length) throw new Error(`a list of ${page.total}`);
      return page.rows;
    },
  ],
];

describe.each(engines)("A reader in a tight loop on %s", (_engine, placesIn) => {
  it("never sees half a state, an error, a table that is empty or one that goes back, whatever is done to it", async () => {
    const folder = newFolder();
    const broker = await startBroker([bank(placesIn(folder), `${folder}/snapshots`)]);
    const append = (stream: string, ...events: object[]) => broker.call("events.append", { stream, events });
    const move = (n: number) => ({
      type: "money.moved",
      payload: { from: ids[n % 12], to: ids[(n + 1 + (n % 7)) % 12], amount: (n % 97) + 1 },
    });
    const moves = (count: number, from = 0) => Array.from({ length: count }, (_, n) => move(from + n));
    await append("bank-1", { type: "bank.opened", payload: { at: 1 } });
    await append("money-1", ...moves(100));
    await caughtUp(broker, "accounts");

    const state = { isOver: false, mayGoBack: false, reads: 0, changes: 0 };
    const whileOn = async (work: () => Promise<unknown>) => {
      while (!state.isOver) {
        await work();
        // Neither a query nor an append always yields to the event loop.
        await new Promise((turn) => setImmediate(turn));
      }
    };
    const reading = reads.map(async ([what, read]) => {
      let furthest = 0;
      await whileOn(async () => {
        const last = expectWhole(await read(broker));
        if (last < furthest && !state.mayGoBack) throw new Error(`${what} goes back from ${furthest} to ${last}`);
        if (last !== furthest) state.changes++;
        furthest = last;
        state.reads++;
      });
    });
    const counting = whileOn(async () => {
      const count: number = await broker.call("accounts.count");
      if (count !== ids.length) throw new Error(`a count of ${count}`);
    });
    let next = 0;
    const appending = whileOn(() => append("money-1", ...moves(10, (next += 10))));

    const travelling = (async () => {
      // Until the readers have read many times, on any machine.
      for (let round = 0; round < 6 || state.reads <= 200 || state.changes <= 40; round++) {
        const { id: snapshotId }: Manifest = await broker.call("accounts.snapshot", { keep: 2 });
        await broker.call("accounts.rebuild");
        await broker.call("accounts.replay", { snapshotId });
        state.mayGoBack = true;
        await broker.call("accounts.restore", { snapshotId });
        await broker.call("accounts.resume");
        await caughtUpOnce(broker);
        state.mayGoBack = false;
      }
    })().finally(() => (state.isOver = true));
    await Promise.all([travelling, counting, appending, ...reading]);
    await caughtUp(broker, "accounts");
    expect(await broker.call("accounts.verify")).toMatchObject({ ok: true, rows: ids.length });
  });
});

/** Up to the head of a moment ago, since the log grows. */
async function caughtUpOnce(broker: ServiceBroker): Promise<void> {
  const { head: position }: { head: number } = await broker.call("events.status");
  await broker.call("accounts.count", {}, { meta: { readAfter: { events: position } } });
}
