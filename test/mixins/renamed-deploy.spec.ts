import { randomUUID } from "node:crypto";
import {
  EventStore,
  ProcessManager,
  Subscription,
  type EventCatalogue,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, eventually, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const kinds = ["subscription", "process manager"] as const;
type Kind = (typeof kinds)[number];

/** What one release of the consumer is called, and what it handles. */
interface Release {
  name: string;
  formerName?: string;
  types?: readonly string[];
  events?: EventCatalogue;
}

const older: Release = { name: "mails" };
const newer: Release = { name: "letters", formerName: "mails" };

/** Nodes of one network: one with the store, and others with the consumer under its former or its new name. */
class Network {
  /** What the handlers of all nodes got, by position and node. */
  readonly handled: string[] = [];
  /** Called for each event before it counts as handled. */
  meet: (event: RecordedEvent) => unknown = () => {};
  readonly #kind: Kind;
  readonly #namespace = randomUUID();

  constructor(kind: Kind) {
    this.#kind = kind;
  }

  #start(nodeID: string, service: ServiceSchema): Promise<ServiceBroker> {
    return startBroker([service], { namespace: this.#namespace, nodeID, transporter: "Fake" });
  }

  store(events: EventCatalogue = {}): Promise<ServiceBroker> {
    const store = EventStore("events", { adapter: "memory:", events });
    return this.#start("store", { name: "keeper", mixins: [store.mixin()] });
  }

  node(nodeID: string, { name, formerName, types = ["order.placed"], events }: Release): Promise<ServiceBroker> {
    const eventStore = EventStore("events", {
      adapter: "sqlite:nowhere.db",
      host: false,
      ...(events && { events }),
    });
    const handler = async (event: RecordedEvent) => {
      await this.meet(event);
      this.handled.push(`${event.position} ${nodeID}`);
    };
    const options = {
      eventStore,
      ...(formerName !== undefined && { formerName }),
      onError: { retries: 0 },
      on: Object.fromEntries(types.map((type) => [type, handler])),
    };
    const consumer =
      this.#kind === "subscription"
        ? Subscription(name, options)
        : ProcessManager(name, { ...options, correlate: ({ stream }) => stream });
    return this.#start(nodeID, { name: `${name}-host`, mixins: [consumer.mixin()] });
  }
}

const add = async (broker: ServiceBroker, ...types: string[]) => {
  const events = types.map((type) => ({ type, payload: {} }));
  const stored: { events: { id: string }[] } = await broker.call("events.append", { stream: "order-1", events });
  return stored.events.map(({ id }) => id);
};
const on = (broker: ServiceBroker, action: string, params = {}) =>
  broker.call<object, object>(action, params, { nodeID: broker.nodeID });
const withState = (broker: ServiceBroker, name: string, status: object) =>
  eventually(async () => expect(await on(broker, `${name}.status`)).toMatchObject(status));

describe.each(kinds)("During a deploy that renames a %s", (kind) => {
  it("handles each event once, under the one name or the other", async () => {
    const network = new Network(kind);
    const store = await network.store();
    const first = await network.node("first", older);
    await add(store, "order.placed");
    await eventually(() => expect(network.handled).toEqual(["1 first"]));
    const second = await network.node("second", newer);
    await withState(second, "letters", { state: "standby" });
    await add(store, "order.placed");
    await eventually(() => expect(network.handled).toHaveLength(2));
    await first.stop();
    await add(store, "order.placed");
    await eventually(() => expect(network.handled.slice(2)).toEqual(["3 second"]));
    // The deploy is rolled back.
    await network.node("back", older);
    await second.stop();
    await add(store, "order.placed");
    await eventually(() => expect(network.handled.slice(3)).toEqual(["4 back"]));
  });

  it("is the work of the release that handles further types", async () => {
    const network = new Network(kind);
    const store = await network.store();
    const first = await network.node("first", older);
    await add(store, "order.placed");
    await eventually(() => expect(network.handled).toEqual(["1 first"]));
    const second = await network.node("second", { ...newer, types: ["order.placed", "order.shipped"] });
    await withState(second, "letters", { state: "live" });
    await withState(first, "mails", {
      state: "standby",
      cause: "node second handles further event types, and does the work",
    });
    await add(store, "order.shipped", "order.placed");
    await eventually(() => expect(network.handled.slice(1)).toEqual(["2 second", "3 second"]));
  });
});

describe("During a deploy that renames a consumer", () => {
  const kind = "subscription";

  /** The older node works under the former name, and the newer one stands by. */
  async function sideBySide() {
    const network = new Network(kind);
    const store = await network.store();
    const first = await network.node("first", older);
    await withState(first, "mails", { state: "live" });
    const second = await network.node("second", newer);
    await withState(second, "letters", { state: "standby" });
    return { network, store, second };
  }

  it("goes to the release that can read the next event", async () => {
    const network = new Network(kind);
    const events = (schemaVersion: number): EventCatalogue => ({
      "order.placed": { schemaVersion, upcasters: schemaVersion > 1 ? { 1: (payload) => payload } : {} },
    });
    const store = await network.store(events(2));
    const first = await network.node("first", { ...older, events: events(1) });
    await withState(first, "mails", { state: "live" });
    await network.node("second", { ...newer, events: events(2) });
    await add(store, "order.placed");
    await eventually(() => expect(network.handled).toEqual(["1 second"]));
  });

  it("pauses under either name after the handler that is running", async () => {
    const { network, store, second } = await sideBySide();
    const gate = Promise.withResolvers<void>();
    let isRunning = false;
    network.meet = () => {
      isRunning = true;
      return gate.promise;
    };
    await add(store, "order.placed");
    await eventually(() => expect(isRunning).toBe(true));
    const pause = on(second, "letters.pause").then(() => [...network.handled]);
    await withState(second, "letters", { state: "paused" });
    gate.resolve();
    expect(await pause).toEqual(["1 first"]);
  });

  it("retries and skips what the node of the former name has parked", async () => {
    const { network, store, second } = await sideBySide();
    let isBroken = true;
    network.meet = () => {
      if (isBroken) throw new Error("broken");
    };
    const [id] = await add(store, "order.placed", "order.placed");
    await withState(second, "letters", { parked: 1 });
    expect(await eventsIn(on(second, "letters.parked") as Promise<{ events: object[] }>)).toMatchObject([{ id }]);
    isBroken = false;
    expect(await on(second, "letters.skip", { id })).toMatchObject({ skipped: id, parked: 0 });
    await eventually(() => expect(network.handled).toEqual(["2 first"]));
  });
});
