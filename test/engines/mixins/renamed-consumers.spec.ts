import { randomUUID } from "node:crypto";
import { Aggregate, EventStore, ProcessManager, Subscription, type RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { cleanUp, eventually, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { sql } from "../../support/postgres-server.ts";

afterEach(cleanUp);

interface Release {
  /** What the consumers are called: `table<suffix>`, …; a new suffix has the former name without one. */
  suffix: "" | "2";
  /** Of the table's rows. */
  version: number;
}

/** Nodes that share a log and a table in one database. */
class Network {
  /** What the subscriptions and process managers of all nodes got. */
  readonly handled: Record<"watch" | "counter", number[]> = { watch: [], counter: [] };
  /** How often a transform of any node was called. */
  folded = 0;
  readonly #namespace = randomUUID();
  readonly #url: string;

  constructor(url: string) {
    this.#url = url;
  }

  node(nodeID: string, { suffix, version }: Release): Promise<ServiceBroker> {
    const eventStore = EventStore("events", { adapter: this.#url });
    const named = (name: string) => (suffix === "" ? {} : { formerName: name });
    const note =
      (what: "watch" | "counter") =>
      ({ position }: RecordedEvent) => {
        this.handled[what].push(position);
      };
    const table = Aggregate(`table${suffix}`, {
      eventStore,
      ...named("table"),
      fields: { n: "integer", by: "integer" },
      definitionVersion: version,
      readAfterTimeoutMs: 60_000,
    })
      .on("thing.added")
      .create(({ id, position }) => {
        this.folded++;
        return { id, n: position, by: version };
      });
    const watch = Subscription(`watch${suffix}`, {
      eventStore,
      ...named("watch"),
      on: { "thing.added": note("watch") },
    });
    const counter = ProcessManager(`counter${suffix}`, {
      eventStore,
      ...named("counter"),
      on: { "thing.added": note("counter") },
    });
    const mixins = [eventStore, table, watch, counter].map((one) => one.mixin());
    return startBroker([{ name: "host", mixins }], { nodeID, namespace: this.#namespace, transporter: "Fake" });
  }
}

const older: Release = { suffix: "", version: 1 };
const on = <Answer>(broker: ServiceBroker, action: string, params = {}, meta = {}): Promise<Answer> =>
  broker.call(action, params, { nodeID: broker.nodeID, meta });
const add = (broker: ServiceBroker, count: number) => {
  const events = Array.from({ length: count }, () => ({ type: "thing.added", payload: {} }));
  return on(broker, "events.append", { stream: "thing-1", events });
};
const rowsOn = (broker: ServiceBroker, table: string, position: number) =>
  on<{ n: number; by: number }[]>(broker, `${table}.find`, { sort: "n" }, { readAfter: { events: position } });
const nodesOn = async (broker: ServiceBroker, table: string) => {
  const { definitions } = await on<{ definitions: { nodes: string[] }[] }>(broker, `${table}.status`);
  return definitions.map(({ nodes }) => nodes.toSorted());
};
const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);

describeWith("postgres", "A deploy that renames consumers on PostgreSQL", (server) => {
  const newNetwork = async () => {
    const database = `p${randomUUID().slice(0, 8)}`;
    await sql(server().url, `CREATE DATABASE ${database}`);
    const url = new URL(server().url);
    url.pathname = database;
    return new Network(url.href);
  };

  it("handles and folds each event once, in one table, while nodes of both names run, and after a rollback", async () => {
    const network = await newNetwork();
    const first = await network.node("first", older);
    await add(first, 5);
    expect(await rowsOn(first, "table", 5)).toHaveLength(5);
    const second = await network.node("second", { suffix: "2", version: 1 });
    await eventually(async () => {
      for (const [node, table] of [
        [first, "table"],
        [second, "table2"],
      ] as const)
        expect(await nodesOn(node, table)).toEqual([["first", "second"]]);
    });
    await add(second, 5);
    expect((await rowsOn(second, "table2", 10)).map(({ n }) => n)).toEqual(upTo(10));
    expect((await rowsOn(first, "table", 10)).map(({ n }) => n)).toEqual(upTo(10));
    await first.stop();
    await add(second, 5);
    expect(await rowsOn(second, "table2", 15)).toHaveLength(15);
    const back = await network.node("back", older);
    await second.stop();
    await add(back, 5);
    expect((await rowsOn(back, "table", 20)).map(({ n }) => n)).toEqual(upTo(20));
    await eventually(() => expect(network.handled).toEqual({ watch: upTo(20), counter: upTo(20) }));
    expect(network.folded).toBe(20);
    expect(await on(back, "table.verify")).toMatchObject({ ok: true, rows: 20 });
  });

  it("folds the rows of both definitions, if the new name has another one", async () => {
    const network = await newNetwork();
    const first = await network.node("first", older);
    await add(first, 5);
    expect(await rowsOn(first, "table", 5)).toHaveLength(5);
    const second = await network.node("second", { suffix: "2", version: 2 });
    await eventually(async () => expect(await nodesOn(second, "table2")).toEqual([["second"], ["first"]]));
    await add(second, 5);
    expect(new Set((await rowsOn(first, "table", 10)).map(({ by }) => by))).toEqual(new Set([1]));
    await eventually(async () => {
      const rows = await rowsOn(second, "table2", 10);
      expect(rows.map(({ n, by }) => [n, by])).toEqual(upTo(10).map((n) => [n, 2]));
    });
  });
});
