import {
  Decider,
  EventStore,
  Subscription,
  type StoredAnswer,
  type ExportAnswer,
  type LinkAnswer,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { readFileSync } from "node:fs";
import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

let folder: string;

beforeEach(() => {
  folder = newFolder();
});

const storeOn = (adapter: string) =>
  EventStore("events", {
    adapter,
    events: {
      "order.made": { schemaVersion: 2, upcasters: { 1: ({ number }: Record<string, unknown>) => ({ no: number }) } },
    },
  });

const brokerOn = (adapter = "memory:") => startBroker([{ name: "order", mixins: [storeOn(adapter).mixin()] }]);

async function append(broker: ServiceBroker, stream: string, ...events: object[]): Promise<RecordedEvent[]> {
  const sent = events.map((event) => ({ type: "order.made", payload: { no: 1 }, ...event }));
  return (await broker.call<StoredAnswer, object>("events.append", { stream, events: sent })).events;
}

const link = (broker: ServiceBroker, stream: unknown, ids: unknown): Promise<LinkAnswer> =>
  broker.call("events.link", { stream, ids });
const read = (broker: ServiceBroker, params: object): Promise<RecordedEvent[]> =>
  eventsIn(broker.call("events.read", params));
const idsOf = (events: readonly RecordedEvent[]) => events.map(({ id }) => id);

describe.each(["memory", "sqlite"])("A stream of links (%s)", (engine) => {
  const adapter = () => (engine === "memory" ? "memory:" : `sqlite:${folder}/events.db`);

  it("collects events of others, which come back as they are with their place in it", async () => {
    const broker = await brokerOn(adapter());
    const made = await append(broker, "order-1", {}, { type: "order.paid" });
    const other = await append(broker, "order-2", {});
    const ids = idsOf([...other, ...made]);
    expect(await link(broker, "orders", ids)).toEqual({ stream: "orders", version: 3, linked: 3 });
    const linked = [...other, ...made].map((event, index) => ({
      ...event,
      link: { stream: "orders", version: index + 1 },
    }));
    expect(await read(broker, { stream: "orders" })).toEqual(linked);
    expect(await read(broker, { stream: "orders", backward: true, limit: 2 })).toEqual(linked.slice(1).toReversed());
    expect(await read(broker, { stream: "orders", afterVersion: 1, types: "order.made" })).toEqual([linked[1]]);
    expect(await read(broker, { stream: "order-2" })).toEqual(other);
    expect(await read(broker, {})).toEqual([...made, ...other]);
  });

  it("passes over what it has already", async () => {
    const broker = await brokerOn(adapter());
    const [first, second] = idsOf(await append(broker, "order-1", {}, {}));
    await link(broker, "orders", [first]);
    expect(await link(broker, "orders", [second!.toUpperCase(), first, second])).toEqual({
      stream: "orders",
      version: 2,
      linked: 1,
    });
    expect(idsOf(await read(broker, { stream: "orders" }))).toEqual([first, second]);
  });

  it("answers its events as today's catalogue reads them", async () => {
    const broker = await brokerOn(adapter());
    const old = await append(broker, "order-1", { payload: { number: 7 }, meta: { schemaVersion: 1 } });
    await link(broker, "orders", idsOf(old));
    expect(await read(broker, { stream: "orders" })).toMatchObject([
      { payload: { no: 7 }, meta: { schemaVersion: 2 }, link: { stream: "orders", version: 1 } },
    ]);
    expect(await read(broker, { stream: "orders", raw: true })).toMatchObject([{ payload: { number: 7 } }]);
  });

  it("takes no events of its own, and no stream of events takes links", async () => {
    const broker = await brokerOn(adapter());
    const events = await append(broker, "order-1", {});
    await append(broker, "order-2", {});
    await link(broker, "orders", idsOf(events));
    expect(await refusal(() => append(broker, "orders", {}))).toMatchObject({
      code: 409,
      type: "MIXED_STREAM",
      message:
        'stream "orders": found links to events of other streams, expected a stream with events of its own, or a new one',
    });
    expect(await refusal(() => link(broker, "order-2", idsOf(events)))).toMatchObject({
      code: 409,
      type: "MIXED_STREAM",
      message: 'stream "order-2": found events of its own, expected a stream of links, or a new one',
    });
    expect(await read(broker, { stream: "order-2" })).toHaveLength(1);
    expect(await broker.call("events.count")).toBe(2);
  });

  it("takes nothing where one id is unknown, or one event is the framework's own", async () => {
    const broker = await brokerOn(adapter());
    const [id] = idsOf(await append(broker, "order-1", {}));
    const own = await broker.call<StoredAnswer, object>(
      "$events.record",
      { stream: "$a", type: "$b", payload: null },
      spoken,
    );
    const unknown = v7();
    expect(await refusal(() => link(broker, "orders", [id, unknown]))).toMatchObject({
      code: 404,
      type: "ENTITY_NOT_FOUND",
      data: { id: unknown },
    });
    expect(await refusal(() => link(broker, "orders", [id, own.events[0]!.id]))).toMatchObject({
      type: "VALIDATION_ERROR",
      data: [{ field: "ids.1", actual: "$b", expected: "an event that is not the framework's own" }],
    });
    expect(await read(broker, { stream: "orders" })).toEqual([]);
  });
});

describe("A link", () => {
  it("is refused with every problem of what was sent", async () => {
    const broker = await brokerOn();
    const fieldsOf = async (stream: unknown, ids: unknown) => {
      const { type, data } = await refusal(() => link(broker, stream, ids));
      expect(type).toBe("VALIDATION_ERROR");
      return (data as { field: string }[]).map(({ field }) => field);
    };
    expect(await fieldsOf("$orders", ["1", v7(), null])).toEqual(["stream", "ids.0", "ids.2"]);
    expect(await fieldsOf(undefined, undefined)).toEqual(["stream", "ids"]);
    for (const ids of [[], "x", v7(), {}, [null], Array.from({ length: 10_001 }, () => v7())])
      expect(await fieldsOf("orders", ids)).toEqual([Array.isArray(ids) && ids.length === 1 ? "ids.0" : "ids"]);
    const misspelt = { stream: "orders", ids: [v7()], id: 1 };
    expect(await refusal(() => broker.call("events.link", misspelt))).toMatchObject({ type: "VALIDATION_ERROR" });
  });

  it("is no event: exports do not have it, and backups do", async () => {
    const broker = await brokerOn(`sqlite:${folder}/events.db`);
    const events = await append(broker, "order-1", {}, {});
    await link(broker, "orders", idsOf(events));
    const answer: ExportAnswer = await broker.call("events.export", { to: `${folder}/events.jsonl` });
    expect(answer.events).toBe(2);
    expect(readFileSync(`${folder}/events.jsonl`, "utf8")).not.toContain("orders");
    await broker.call("events.backup", { to: `${folder}/copy.db` });
    const copy = await brokerOn(`sqlite:${folder}/copy.db`);
    expect(idsOf(await read(copy, { stream: "orders" }))).toEqual(idsOf(events));
    const imported = await brokerOn(`sqlite:${folder}/imported.db`);
    await imported.call("events.import", { from: `${folder}/events.jsonl` });
    expect(await read(imported, { stream: "orders" })).toEqual([]);
  });

  it("may be made by a subscription, as the reference shows it", async () => {
    const store = storeOn("memory:");
    const collect = Subscription("collect", {
      eventStore: store,
      on: { "order.*": (event, { call }) => call("events.link", { stream: "orders", ids: [event.id] }) },
    });
    const broker = await startBroker([{ name: "order", mixins: [store.mixin(), collect.mixin()] }]);
    const events = [...(await append(broker, "order-1", {}, {})), ...(await append(broker, "order-2", {}))];
    await eventually(async () => expect(idsOf(await read(broker, { stream: "orders" }))).toEqual(idsOf(events)));
  });

  it("has no state: a decider whose entity has such a stream is told", async () => {
    const store = storeOn("memory:");
    const orders = Decider("order", {
      eventStore: store,
      initialState: () => 0,
      commands: { create: { decide: () => ({ type: "order.made" }) } },
      evolve: { "order.made": (count) => count + 1 },
    });
    const broker = await startBroker([{ name: "order", mixins: [store.mixin(), orders.mixin()] }]);
    const events = [...(await append(broker, "order-1", {}, {})), ...(await append(broker, "order-2", {}))];
    await link(broker, "order-all", idsOf(events));
    for (const action of ["state", "create"])
      expect(await refusal(() => broker.call(`order.${action}`, { id: "all" }))).toMatchObject({
        type: "MIXED_STREAM",
        code: 409,
      });
  });
});
