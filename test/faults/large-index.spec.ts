import { randomUUID } from "node:crypto";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { sql } from "../support/postgres-server.ts";
import { isInFull } from "../support/times.ts";

afterEach(cleanUp);

const rowCount = isInFull ? 1_000_000 : 20_000;
const rowsPerEvent = 1000;

interface Row {
  id: string;
  n: number;
  name: string;
}

/** Rows that events create, a thousand each; `folded` counts the events that a transform was called with. */
class Things {
  folded = 0;
  readonly #adapter: string;

  constructor(adapter: string) {
    this.#adapter = adapter;
  }

  start(isIndexed: boolean): Promise<ServiceBroker> {
    const events = EventStore("events", {
      adapter: this.#adapter,
      events: { "things.made": { payload: { from: "number" } } },
    });
    const things = Aggregate("things", {
      eventStore: events,
      definitionVersion: 1,
      fields: { n: "integer", name: isIndexed ? { type: "string", index: true } : "string" },
    })
      .on("things.made")
      .createMany(({ payload }) => {
        this.folded++;
        return Array.from({ length: rowsPerEvent }, (_, index) => row(payload.from + index));
      });
    return startBroker([{ name: "host", mixins: [events.mixin(), things.mixin()] }]);
  }

  async fill(broker: ServiceBroker): Promise<void> {
    for (let from = 0; from < rowCount; from += rowsPerEvent)
      await broker.call("events.append", {
        stream: "things-all",
        events: [{ type: "things.made", payload: { from } }],
      });
    await isInPlace(broker);
  }
}

const row = (n: number): Row => ({ id: `thing-${n}`, n, name: `name ${n % 1000}` });

/** Reads until `isDone` resolves; each read finds every row. Returns the number of reads. */
async function readUntil(broker: ServiceBroker, isDone: Promise<unknown>): Promise<number> {
  const state = { reads: 0, isOver: false };
  const ended = isDone.finally(() => (state.isOver = true));
  do {
    expect(await broker.call("things.count")).toBe(rowCount);
    const n = (state.reads * 7919) % rowCount;
    expect(await broker.call("things.get", { id: `thing-${n}` })).toEqual(row(n));
    state.reads++;
    await new Promise((turn) => setImmediate(turn));
  } while (!state.isOver);
  await ended;
  return state.reads;
}

const isInPlace = (broker: ServiceBroker) =>
  eventually(async () => {
    const status = await broker.call("things.status");
    expect(status).toMatchObject({ state: "live", lag: 0, stale: false, rebuilding: null });
  }, 600_000);

function describeIndex(newAdapter: () => string | Promise<string>): void {
  it(`of ${rowCount} rows gets and loses an index without folding an event, and serves every read`, async () => {
    const things = new Things(await newAdapter());
    const filling = await things.start(false);
    await things.fill(filling);
    expect(things.folded).toBe(rowCount / rowsPerEvent);
    await filling.stop();
    things.folded = 0;
    for (const isIndexed of [true, false]) {
      const broker = await things.start(isIndexed);
      const begun = performance.now();
      const reads = await readUntil(broker, isInPlace(broker));
      process.stderr.write(
        `index ${isIndexed ? "added to" : "removed from"} ${rowCount} rows: ` +
          `${Math.round(performance.now() - begun)} ms, ${reads} reads meanwhile\n`,
      );
      const named = { query: { name: "name 7" } };
      expect(await broker.call("things.count", named)).toBe(rowCount / 1000);
      expect(things.folded).toBe(0);
      await broker.stop();
    }
  }, 1_200_000);
}

describe("A large table in SQLite", () => {
  describeIndex(() => `sqlite:${newFolder()}/events.db`);
});

describeWith("postgres", "A large table in PostgreSQL", (server) => {
  describeIndex(async () => {
    const database = `p${randomUUID().slice(0, 8)}`;
    await sql(server().url, `CREATE DATABASE ${database}`);
    const url = new URL(server().url);
    url.pathname = database;
    return url.href;
  });
});
