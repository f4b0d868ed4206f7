import { randomUUID } from "node:crypto";
import { EventStore } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { postgres } from "../../../adapters/postgres/postgres.ts";
import { cleanUp, eventually, refusal, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(cleanUp);

describeWith("postgres", "A store whose nodes have logs in different places", (server) => {
  const names = ["here", "there"].map((name) => `${name}-${randomUUID()}`);
  const node = (nodeID: string, place: number): Promise<ServiceBroker> => {
    const events = EventStore("events", { adapter: postgres(server().url, { schema: names[place]! }) });
    return startBroker([{ name: nodeID, mixins: [events.mixin()] }], { nodeID, transporter: "Fake" });
  };
  const on = (broker: ServiceBroker, action: string, params = {}): Promise<unknown> =>
    broker.call(`events.${action}`, params, { nodeID: broker.nodeID });
  const append = (broker: ServiceBroker) =>
    on(broker, "append", { stream: "a", events: [{ type: "a.b", payload: {} }] });
  const isStopped = (broker: ServiceBroker, other: string) =>
    eventually(async () => {
      const cause = `is also hosted by ${other}, with a separate log; expected the same server and database on every host`;
      expect(await on(broker, "status")).toMatchObject({ state: "stopped", cause });
      expect(await refusal(() => append(broker))).toMatchObject({ type: "UNUSABLE_STORE" });
    });

  it("stores nothing while there are two; of three nodes the two that share a log go on", async () => {
    const one = await node("one", 0);
    await append(one);
    const stray = await node("stray", 1);
    await isStopped(one, "stray");
    await isStopped(stray, "one");
    const two = await node("two", 0);
    for (const broker of [one, two]) await eventually(() => append(broker));
    await isStopped(stray, "one, two");
    await stray.stop();
    expect(await append(two)).toMatchObject({ position: 4 });
  });
});
