import { randomUUID } from "node:crypto";
import { Aggregate, EventStore, type EventCatalogue } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { sql } from "../../support/postgres-server.ts";

afterEach(cleanUp);

const rowCount = 20_000;

interface Place {
  log: string;
  table?: string;
}

interface Row {
  id: string;
  n: number;
}

interface Release {
  type: string;
  events: EventCatalogue;
}

const older: Release = { type: "book.added", events: { "book.added": { payload: { n: "number" } } } };
const newer: Release = {
  type: "volume.added",
  events: { "volume.added": { renamedFrom: ["book.added"], payload: { n: "number" } } },
};

/** Nodes of one network that share a log and, if it is on a server, a table with a row for each event. */
class Books {
  readonly #namespace = randomUUID();
  readonly #place: Place;

  constructor(place: Place) {
    this.#place = place;
  }

  start(nodeID: string, { type, events: catalogue }: Release): Promise<ServiceBroker> {
    const { log, table } = this.#place;
    const events = EventStore("events", { adapter: log, events: catalogue });
    const books = Aggregate("books", {
      eventStore: events,
      ...(table !== undefined && { adapter: table }),
      fields: { n: { type: "integer", index: true } },
      readAfterTimeoutMs: 60_000,
    })
      .on(type)
      .create(({ id, payload }) => ({ id, n: (payload as { n: number }).n }));
    const services = [{ name: "host", mixins: [events.mixin(), books.mixin()] }];
    return startBroker(services, { nodeID, namespace: this.#namespace, transporter: "Fake" });
  }

  /** Appends the events from number `from` on. */
  async add(broker: ServiceBroker, { type }: Release, from: number, to: number): Promise<void> {
    for (let next = from; next < to; next += 2000) {
      const events = Array.from({ length: Math.min(2000, to - next) }, (_, index) => ({
        type,
        payload: { n: next + index },
      }));
      await broker.call("events.append", { stream: `shelf-${type}`, events });
    }
  }
}

const here = (broker: ServiceBroker) => ({ nodeID: broker.nodeID });
const rowsOn = (broker: ServiceBroker): Promise<Row[]> =>
  broker.call("books.find", { sort: "n", fields: ["id", "n"] }, here(broker));
const status = (broker: ServiceBroker) => broker.call<object, object>("books.status", {}, here(broker));
const isFolded = (broker: ServiceBroker) =>
  eventually(async () => expect(await status(broker)).toMatchObject({ lag: 0, stale: false, rebuilding: null }));

/** Reads on a node in a loop, until `end`; then fails if any read found fewer rows than the one before. */
class Reader {
  reads = 0;
  #isOver = false;
  readonly #done: Promise<void>;

  constructor(broker: ServiceBroker, rows: readonly Row[]) {
    this.#done = this.#read(broker, rows);
    // Awaited in `end`.
    this.#done.catch(() => {});
  }

  async #read(broker: ServiceBroker, before: readonly Row[]): Promise<void> {
    for (let least = before.length; !this.#isOver; this.reads++) {
      const count: number = await broker.call("books.count", {}, here(broker));
      if (count < least) throw new Error(`a count of ${count} after ${least} on ${broker.nodeID}`);
      const at = this.reads % before.length;
      const page: Row[] = await broker.call("books.find", { sort: "n", offset: at, limit: 10 }, here(broker));
      if (page[0]?.id !== before[at]!.id) throw new Error(`row ${at} is another one on ${broker.nodeID}`);
      least = count;
      await new Promise((turn) => setImmediate(turn));
    }
  }

  async end(): Promise<void> {
    await this.hasRead();
    this.#isOver = true;
    await this.#done;
  }

  /** Resolves after some more reads. */
  async hasRead(): Promise<void> {
    const { reads } = this;
    await Promise.race([
      eventually(() => {
        if (this.reads < reads + 20) throw new Error(`${this.reads} reads`);
      }),
      this.#done,
    ]);
  }
}

function describeRename(newPlace: () => Place | Promise<Place>): void {
  it(`loses no row of ${rowCount} and shows no fewer, while a release that renames its type starts`, async () => {
    const books = new Books(await newPlace());
    const one = await books.start("node", older);
    await books.add(one, older, 0, rowCount);
    await caughtUp(one, "books");
    const before = await rowsOn(one);
    expect(before).toHaveLength(rowCount);
    await one.stop();
    const two = await books.start("node", newer);
    const reader = new Reader(two, before);
    await books.add(two, newer, rowCount, rowCount + 100);
    await isFolded(two);
    await reader.end();
    const after = await rowsOn(two);
    expect(after.slice(0, rowCount)).toEqual(before);
    expect(after.slice(rowCount).map(({ n }) => n)).toEqual(Array.from({ length: 100 }, (_, n) => rowCount + n));
    expect(await two.call("books.verify")).toMatchObject({ ok: true, rows: rowCount + 100 });
  }, 300_000);
}

describe("A table in SQLite", () => {
  describeRename(() => {
    const folder = newFolder();
    return { log: `sqlite:${folder}/events.db`, table: `sqlite:${folder}/books.db` };
  });
});

describeWith("postgres", "A table in PostgreSQL", (server) => {
  const newPlace = async () => {
    const database = `p${randomUUID().slice(0, 8)}`;
    await sql(server().url, `CREATE DATABASE ${database}`);
    const url = new URL(server().url);
    url.pathname = database;
    return { log: url.href };
  };

  describeRename(newPlace);

  it(`loses no row of ${rowCount} and shows no fewer on any node, while nodes of both releases run`, async () => {
    const books = new Books(await newPlace());
    const first = await books.start("first", older);
    const second = await books.start("second", older);
    await books.add(first, older, 0, rowCount);
    for (const broker of [first, second]) await isFolded(broker);
    const before = await rowsOn(first);
    expect(before).toHaveLength(rowCount);
    const onFirst = new Reader(first, before);
    const onSecond = new Reader(second, before);
    // A second reader of a third node begins with its first answer.
    const third = await books.start("third", newer);
    const onThird = new Reader(third, before);
    // What an older node still writes has the former name.
    await books.add(second, older, rowCount, rowCount + 50);
    await isFolded(third);
    await onFirst.end();
    await first.stop();
    await onThird.hasRead();
    const fourth = await books.start("fourth", newer);
    const onFourth = new Reader(fourth, before);
    await isFolded(fourth);
    await onSecond.end();
    await second.stop();
    await books.add(fourth, newer, rowCount + 50, rowCount + 100);
    const added = Array.from({ length: 100 }, (_, n) => rowCount + n);
    for (const [broker, reader] of [
      [third, onThird],
      [fourth, onFourth],
    ] as const) {
      await isFolded(broker);
      await reader.end();
      const after = await rowsOn(broker);
      expect(after.slice(0, rowCount)).toEqual(before);
      expect(after.slice(rowCount).map(({ n }) => n)).toEqual(added);
    }
    expect(await fourth.call("books.verify")).toMatchObject({ ok: true, rows: rowCount + 100 });
  }, 300_000);
});
