import { randomUUID } from "node:crypto";
import { Aggregate, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

/** More than a node may lag before it passes reads on. */
const many = 10_500;

type Row = { id: string; n: number };
type Transform = (event: RecordedEvent) => Row | Promise<Row>;

/** A network of nodes that have a table each; the store is on a node of its own. */
class Network {
  readonly #namespace = randomUUID();

  start(nodeID: string, service: ServiceSchema): Promise<ServiceBroker> {
    return startBroker([service], { namespace: this.#namespace, nodeID, transporter: "Fake" });
  }

  store(): Promise<ServiceBroker> {
    return this.start("store", { name: "keeper", mixins: [EventStore("events", { adapter: "memory:" }).mixin()] });
  }

  /** @param readAfterTimeoutMs long: an answer that comes before it is no time-out */
  table(nodeID: string, folder: string, definitionVersion: number, transform: Transform): Promise<ServiceBroker> {
    const table = Aggregate("table", {
      eventStore: EventStore("events", { adapter: "sqlite:nowhere.db", host: false }),
      adapter: `sqlite:${folder}/table.db`,
      fields: { n: "integer" },
      readAfterTimeoutMs: 60_000,
      definitionVersion,
    })
      .on("thing.added")
      .create(transform);
    return this.start(nodeID, { name: "tables", mixins: [table.mixin()] });
  }
}

const add = async (broker: ServiceBroker, count: number) => {
  const events = Array.from({ length: count }, () => ({ type: "thing.added", payload: {} }));
  await broker.call("events.append", { stream: "thing-1", events });
};
const countOn = (broker: ServiceBroker, readAfter?: number): Promise<number> =>
  broker.call(
    "table.count",
    {},
    { nodeID: broker.nodeID, ...(readAfter && { meta: { readAfter: { events: readAfter } } }) },
  );
const statusOn = (broker: ServiceBroker) => broker.call<object, object>("table.status", {}, { nodeID: broker.nodeID });

const numbered: Transform = ({ id, position }) => ({ id, n: position });

describe("A node that starts with another definition of its own table", () => {
  it("passes reads on while its old rows are far behind, and answers with them if no other node is there", async () => {
    const network = new Network();
    const folder = newFolder();
    const store = await network.store();
    const other = await network.table("other", newFolder(), 1, numbered);
    const before = await network.table("node", folder, 1, numbered);
    await add(store, 10);
    for (const node of [other, before]) expect(await countOn(node, 10)).toBe(10);
    await before.stop();
    for (let rest = many; rest > 0; rest -= 500) await add(store, 500);
    const gate = Promise.withResolvers<void>();
    const node = await network.table("node", folder, 2, async (event) => {
      await gate.promise;
      return numbered(event);
    });
    await eventually(async () => expect(await statusOn(node)).toMatchObject({ stale: true, position: 10 }));
    expect(await countOn(other, many + 10)).toBe(many + 10);
    await eventually(async () => expect(await countOn(node)).toBe(many + 10));
    expect(await countOn(node, many + 10)).toBe(many + 10);
    await other.stop();
    await eventually(async () => expect(await countOn(node)).toBe(10));
    expect(await refusal(() => countOn(node, many + 10))).toMatchObject({
      type: "NOT_CAUGHT_UP",
      message: expect.stringMatching(
        /rows of an earlier definition; those of the current one are folded up to 0 of 10510/,
      ) as string,
    });
    gate.resolve();
    await eventually(async () => expect(await statusOn(node)).toMatchObject({ stale: false, state: "live" }));
    expect(await countOn(node, many + 10)).toBe(many + 10);
  });
});
