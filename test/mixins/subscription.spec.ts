import { EventStore, Subscription, type SubscriptionStatus } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { caughtUp, cleanUp, newFolder, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const append = (broker: ServiceBroker, stream: string) =>
  broker.call("events.append", { stream, events: [{ type: "thing.happened", payload: {} }] });

describe("A subscription", () => {
  it("handles each event in the order of the log, and goes on after a restart", async () => {
    const folder = newFolder();
    const seen: number[] = [];
    const service = () => {
      const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
      const watch = Subscription("watch", {
        eventStore: events,
        on: { "thing.*": ({ position }) => seen.push(position) },
      });
      return { name: "host", mixins: [events.mixin(), watch.mixin()] };
    };
    const one = await startBroker([service()]);
    await append(one, "a");
    await append(one, "b");
    await caughtUp(one, "watch");
    await one.stop();
    const two = await startBroker([service()]);
    await append(two, "a");
    const status = (await caughtUp(two, "watch")) as unknown as SubscriptionStatus;
    expect(status).toMatchObject({ state: "live", position: 3, lag: 0, parked: 0 });
    expect(seen).toEqual([1, 2, 3]);
  });
});
