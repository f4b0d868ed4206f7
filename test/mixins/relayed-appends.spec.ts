import { randomUUID } from "node:crypto";
import { EventStore, type EventStoreOptions, type RecordedEvent } from "moleculer-event-sourcing";
import type { BrokerOptions, ServiceBroker } from "moleculer";
import type { RelayAnswer } from "../../core/log/append-relay.ts";
import { toAppendRequest, type AppendContext, type AppendInput } from "../../core/log/append-request.ts";
import { toRelayed } from "../../mixins/event-store/append/relayed-group.ts";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const context: AppendContext = { correlationId: "request-1", causationId: "call-1", maxEventBytes: 2 ** 20 };

/** These appends as another host relays them, checked by its own catalogue. */
const relayed = (inputs: (Partial<AppendInput> & { commandId?: string })[], own: Partial<AppendContext> = {}) =>
  toRelayed(
    inputs.map(({ commandId, ...input }) =>
      toAppendRequest(
        { stream: "thing-1", events: [{ type: "thing.happened", payload: { n: 1 } }], ...input },
        { ...context, commandId, ...own },
      ),
    ),
  );

const newBroker = async (options: EventStoreOptions = {}, node: BrokerOptions = {}): Promise<ServiceBroker> => {
  const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db`, ...options });
  return startBroker([{ name: "thing", mixins: [events.mixin()] }], node);
};

async function send(broker: ServiceBroker, requests: object[], given: object = {}): Promise<RelayAnswer> {
  const { log }: { log: string } = await broker.call(
    "$events.page",
    {
      consumer: "subscription/any",
      after: 0,
      limit: 0,
      types: [],
    },
    spoken,
  );
  return broker.call("$events.appendRelayed", { log, requests, ...given }, spoken);
}

const readAll = (broker: ServiceBroker): Promise<RecordedEvent[]> =>
  eventsIn(broker.call("events.read", { limit: 1000 }));

describe("A group of appends from another host", () => {
  it("is stored as its sender would have stored it, and answered with where", async () => {
    const broker = await newBroker();
    const command = { id: "c-1", name: "account.deposit", hash: "abc" };
    const requests = relayed(
      [
        { expectedVersion: 0, command },
        { stream: "b-2", commandId: "order 7" },
      ],
      {
        causationDepth: 3,
      },
    );
    const { stored, isShared } = await send(broker, requests);
    const log = await readAll(broker);
    expect(stored).toEqual(log.map(({ position, version, time }) => ({ position, version, time })));
    expect(log.map(({ id, type, payload, meta }) => ({ id, type, payload, meta }))).toEqual(
      requests.flatMap(({ events }) => events),
    );
    expect(log[0]!.meta).toMatchObject({ $command: command, $causationDepth: 3, correlationId: "request-1" });
    expect(isShared).toBe(false);
  });

  it("is stored once, and says so, and what is refused of it leaves the rest alone", async () => {
    const broker = await newBroker();
    const requests = relayed([{}, { stream: "a-1", expectedVersion: 7 }, { stream: "b-1", commandId: "k" }]);
    expect((await send(broker, requests)).stored).toEqual([expect.anything(), null, expect.anything()]);
    expect((await send(broker, requests)).stored).toEqual([null, null, null]);
    expect(await readAll(broker)).toHaveLength(2);
  });

  it("is said to share this host with the callers of this host", async () => {
    const network = { namespace: randomUUID(), transporter: "Fake" } as const;
    const broker = await newBroker({}, { ...network, nodeID: "host" });
    const other = await startBroker([], { ...network, nodeID: "other" });
    await other.waitForServices("events", 60_000, 5);
    expect(await send(other, relayed([{}]))).toMatchObject({ isShared: false });
    await broker.call("events.append", { stream: "a-1", events: [{ type: "thing.happened", payload: {} }] });
    expect(await send(other, relayed([{}]))).toMatchObject({ isShared: true });
  });

  it("passes every check that an append passes here", async () => {
    const broker = await newBroker({
      maxEventBytes: 1000,
      events: {
        "order.placed": { payload: { sku: "string" }, schemaVersion: 2, upcasters: { 1: (payload) => payload } },
      },
    });
    const [good] = relayed([{}]);
    const event = good!.events[0]!;
    const wrong: [object, string][] = [
      [{ ...good, stream: "$system" }, "stream"],
      [{ ...good, events: [{ ...event, type: "$thing" }] }, "events.0.type"],
      [{ ...good, events: [{ ...event, id: "x" }] }, "events.0.id"],
      [{ ...good, events: [{ ...event, meta: { ...event.meta, schemaVersion: "x" } }] }, "events.0.meta.schemaVersion"],
      [{ ...good, events: [{ ...event, meta: { ...event.meta, $command: 7 } }] }, "command"],
      [{ ...good, events: [{ ...event, payload: { n: 2 } }] }, "requests.0.content"],
      [{ ...good, events: "x" }, "events"],
      [{ ...good, claims: "x" }, "claims"],
      [{ ...good, expectedVersion: -1 }, "expectedVersion"],
      [{ ...good, commandId: 5 }, "commandId"],
      [{ ...good, dependsOn: 0 }, "requests.0.dependsOn"],
      [{ ...good, idAfterLast: "x" }, "requests.0.idAfterLast"],
      [{ ...good, speculation: {} }, "speculation"],
      [relayed([{ events: [{ type: "order.placed", payload: {} }] }])[0]!, "events.0.payload.sku"],
    ];
    for (const [request, field] of wrong) {
      const error = await refusal(() => send(broker, [request]));
      expect([field, error.type, error.message]).toEqual([field, "VALIDATION_ERROR", expect.stringContaining(field)]);
    }
    const large = relayed([{ events: [{ type: "thing.happened", payload: "x".repeat(2000) }] }]);
    expect(await refusal(() => send(broker, large))).toMatchObject({ type: "EVENT_TOO_LARGE" });
    expect(await readAll(broker)).toEqual([]);
  });

  it("is refused whole where this host's catalogue would store something else", async () => {
    const broker = await newBroker({
      events: { "order.placed": { payload: { $$strict: "remove", sku: "string" } } },
    });
    const requests = relayed([{}, { events: [{ type: "order.placed", payload: { sku: "a", more: 1 } }] }]);
    expect(await refusal(() => send(broker, requests))).toMatchObject({ type: "VALIDATION_ERROR" });
    expect(await readAll(broker)).toEqual([]);
  });

  it("is refused by a host of another log", async () => {
    const broker = await newBroker();
    const error = await refusal(() => send(broker, relayed([{}]), { log: "another" }));
    expect(error).toMatchObject({ type: "VALIDATION_ERROR", message: expect.stringContaining("log: found") });
    expect(await readAll(broker)).toEqual([]);
  });

  it("is taken from those alone whose appends are", async () => {
    const visibilityOf = async (options: EventStoreOptions) => {
      const { registry } = await newBroker(options);
      const actions = registry.getActionList({}) as { name: string; action: { visibility: string } }[];
      return actions.find(({ name }) => name === "$events.appendRelayed")!.action.visibility;
    };
    expect(await visibilityOf({})).toBe("public");
    expect(await visibilityOf({ actions: { append: { visibility: "protected" } } })).toBe("protected");
  });
});
