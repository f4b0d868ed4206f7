import { randomUUID } from "node:crypto";
import { EventStore, ProcessManager, Subscription, type EventCatalogue } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { ServiceBroker } from "moleculer";
import { cleanUp, eventually, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const older: EventCatalogue = { "book.lent": {} };
const newer: EventCatalogue = { "loan.lent": { renamedFrom: ["book.lent"] } };

/** A node with a subscription and a process manager; of the nodes of a network, one hosts the log. */
class Network {
  readonly handled: string[] = [];
  readonly #namespace = randomUUID();

  node(
    nodeID: string,
    { types, events, isHost = false }: { types: readonly string[]; events?: EventCatalogue; isHost?: boolean },
  ): Promise<ServiceBroker> {
    const store = EventStore("events", {
      ...(isHost ? { adapter: memory() } : { host: false }),
      ...(events && { events }),
      leaseMs: 1000,
    });
    const handle = ({ position, type }: { position: number; type: string }) =>
      void this.handled.push(`${nodeID} ${position} ${type}`);
    const on = Object.fromEntries(types.map((type) => [type, handle]));
    const consumers = [
      Subscription(`mails-${nodeID}`, { eventStore: store, on }),
      ProcessManager(`loans-${nodeID}`, { eventStore: store, on }),
    ];
    const service = {
      name: `library-${nodeID}`,
      mixins: [...(isHost ? [store.mixin()] : []), ...consumers.map((one) => one.mixin())],
      actions: { lend: events === newer ? store.mapAction("loan.lent", { params: { id: "string" } }) : () => {} },
    };
    return startBroker([service], { namespace: this.#namespace, nodeID, transporter: "Fake" });
  }
}

const append = (broker: ServiceBroker, type: string) =>
  broker.call<unknown, object>("events.append", { stream: "loan-1", events: [{ type, payload: {} }] });

const waits = (broker: ServiceBroker, nodeID: string, position: number) =>
  eventually(async () => {
    const cause = `position ${position} needs a release that knows loan.lent version 1, formerly book.lent`;
    for (const kind of ["mails", "loans"])
      expect(await broker.call(`${kind}-${nodeID}.status`)).toMatchObject({ state: "waiting", cause });
  });

describe("A consumer of an older release than the store's host", () => {
  it.each([
    ["with a catalogue", { types: ["book.lent"], events: older }, 2],
    // The host would read the first event for it by its new name.
    ["without one", { types: ["book.lent"] }, 1],
  ])("%s waits before the first event that it cannot read", async (_, options, position) => {
    const network = new Network();
    const host = await network.node("host", { types: ["shelf.moved"], events: newer, isHost: true });
    await append(host, "book.lent");
    await append(host, "loan.lent");
    const node = await network.node("older", options);
    await waits(node, "older", position);
    expect(network.handled).toHaveLength((position - 1) * 2);
  });

  it("handles an event whose new name it maps too, by that name", async () => {
    const network = new Network();
    const host = await network.node("host", { types: ["shelf.moved"], events: newer, isHost: true });
    await append(host, "loan.lent");
    await network.node("both", { types: ["book.lent", "loan.lent"] });
    await network.node("raw", { types: ["book.lent", "loan.lent"], events: older });
    await eventually(() =>
      expect(network.handled.toSorted()).toEqual([
        "both 1 loan.lent",
        "both 1 loan.lent",
        "raw 1 loan.lent",
        "raw 1 loan.lent",
      ]),
    );
  });
});

describe("A node of a newer release than the store's host", () => {
  it.each([
    ["of the release before", older],
    ["without a catalogue", undefined],
  ])("%s records the new name before its first event", async (_, events) => {
    const network = new Network();
    const host = await network.node("host", { types: ["book.lent"], ...(events && { events }), isHost: true });
    const node = await network.node("newer", { types: ["loan.lent"], events: newer });
    await append(host, "book.lent");
    await node.call("library-newer.lend", { id: "1" });
    await waits(host, "host", 2);
    await eventually(() =>
      expect(network.handled.filter((one) => one.startsWith("newer")).toSorted()).toEqual([
        "newer 1 loan.lent",
        "newer 1 loan.lent",
        "newer 2 loan.lent",
        "newer 2 loan.lent",
      ]),
    );
  });

  it("makes no wildcard of a consumer without a catalogue wait", async () => {
    const network = new Network();
    const host = await network.node("host", { types: ["**"], isHost: true });
    const node = await network.node("newer", { types: ["book.*", "loan.*"], events: newer });
    await append(host, "book.lent");
    await node.call("library-newer.lend", { id: "1" });
    await eventually(() => {
      expect(network.handled).toContain("host 2 loan.lent");
      expect(network.handled).toContain("newer 2 loan.lent");
    });
  });
});
