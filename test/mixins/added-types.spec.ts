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

afterEach(cleanUp);

type Kind = "mails" | "billing";

/** Nodes of one network; the store is on a node of its own. */
class Network {
  /** What the handlers of all nodes got, by the consumer and the node. */
  readonly handled: string[] = [];
  readonly #namespace = randomUUID();

  start(nodeID: string, service: ServiceSchema): Promise<ServiceBroker> {
    return startBroker([service], { namespace: this.#namespace, nodeID, transporter: "Fake" });
  }

  store(): Promise<ServiceBroker> {
    return this.start("store", { name: "keeper", mixins: [EventStore("events", { adapter: "memory:" }).mixin()] });
  }

  consumer(nodeID: string, kind: Kind, types: readonly string[], events?: EventCatalogue): Promise<ServiceBroker> {
    const options = { adapter: "sqlite:nowhere.db", host: false, unknownTypes: "refuse" } as const;
    const eventStore = EventStore("events", events ? { ...options, events } : { host: false });
    const handler = ({ type, position }: RecordedEvent) => void this.handled.push(`${position} ${type} ${nodeID}`);
    const on = Object.fromEntries(types.map((type) => [type, handler]));
    const consumer =
      kind === "mails"
        ? Subscription(kind, { eventStore, on })
        : ProcessManager(kind, { eventStore, on, correlate: () => "one" });
    return this.start(nodeID, { name: `${kind}-node`, mixins: [consumer.mixin()] });
  }
}

const add = (broker: ServiceBroker, ...types: string[]) =>
  broker.call("events.append", { stream: "order-1", events: types.map((type) => ({ type, payload: {} })) });
const here = (broker: ServiceBroker, name: string) =>
  broker.call<object, object>(`${name}.status`, {}, { nodeID: broker.nodeID });

describe.each(["mails", "billing"] as const)("The consumer %s, to which a release adds an event type", (kind) => {
  it("is the newer release's work while a node of it is there, so no event of the type is passed", async () => {
    const network = new Network();
    const store = await network.store();
    const older = await network.consumer("older", kind, ["order.placed"]);
    await add(store, "order.placed");
    await eventually(() => expect(network.handled).toEqual(["1 order.placed older"]));
    const newer = await network.consumer("newer", kind, ["order.placed", "order.shipped"]);
    await eventually(async () => expect(await here(newer, kind)).toMatchObject({ state: "live" }));
    expect(await here(older, kind)).toMatchObject({
      state: "standby",
      cause: "node newer handles further event types, and does the work",
    });
    await add(store, "order.placed", "order.shipped");
    const another = await network.consumer("another", kind, ["order.placed"]);
    await add(store, "order.shipped", "order.placed");
    const ofNewer = ["2 order.placed newer", "3 order.shipped newer", "4 order.shipped newer", "5 order.placed newer"];
    await eventually(() => expect(network.handled.slice(1)).toEqual(ofNewer));
    await newer.stop();
    await add(store, "order.placed");
    await eventually(() => expect(network.handled.slice(5)).toEqual([expect.stringMatching(/^6 order.placed /)]));
    await another.stop();
  });
});

describe.each(["mails", "billing"] as const)("The consumer %s, of which a release renames an event type", (kind) => {
  it("is the newer release's work while a node of it is there, so no event of either name is passed", async () => {
    const network = new Network();
    const store = await network.store();
    const before = { "order.placed": { payload: {} } };
    const after = { "order.made": { payload: {}, renamedFrom: ["order.placed"] } };
    await network.consumer("older", kind, ["order.placed"], before);
    await add(store, "order.placed");
    await eventually(() => expect(network.handled).toEqual(["1 order.placed older"]));
    const newer = await network.consumer("newer", kind, ["order.made"], after);
    await eventually(async () => expect(await here(newer, kind)).toMatchObject({ state: "live" }));
    await add(store, "order.made", "order.placed");
    await eventually(() => expect(network.handled.slice(1)).toEqual(["2 order.made newer", "3 order.made newer"]));
  });
});
