import type { ServiceBroker } from "moleculer";
import { EventStore } from "moleculer-event-sourcing";
import { cleanUp, newFolder, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

const append = (broker: ServiceBroker, stream: string): Promise<unknown> =>
  broker.call("events.append", { stream, events: [{ type: "thing.noted", payload: { text: "" } }] });

describe.each(["memory", "sqlite"])("A hundred thousand callers at once, on %s", (engine) => {
  it("are each answered: their event is stored, or refused and not stored", async () => {
    const adapter = engine === "memory" ? "memory:" : `sqlite:${newFolder()}/events.db`;
    const events = EventStore("events", { adapter });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }]);
    const answers = await Promise.allSettled(
      Array.from({ length: 100_000 }, (_, number) => append(broker, `s-${number % 1000}`)),
    );
    const stored = answers.filter(({ status }) => status === "fulfilled");
    const refused = answers.flatMap((answer) => (answer.status === "rejected" ? [answer.reason as unknown] : []));
    expect(await broker.call("events.count")).toBe(stored.length);
    expect(stored.length).toBeGreaterThanOrEqual(10_000);
    expect(refused.length).toBeGreaterThan(0);
    for (const error of refused) expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
  });
});
