import type { ServiceBroker } from "moleculer";
import { Aggregate, type StoredAnswer, type RecordedEvent, type Trace } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";
import { hostedStore, readLog, remoteStore } from "../../support/accounts.ts";
import { Cluster } from "./cluster.ts";
import { eventsIn, streamsIn } from "../../support/pages.ts";

afterEach(cleanUp);

/** A table of the sizes of events. */
function sizes(folder: string) {
  const table = Aggregate("sizes", {
    eventStore: remoteStore(folder),
    fields: { stream: "string", size: "integer" },
  })
    .on("thing.**")
    .create(({ position, stream, payload }) => ({
      id: String(position),
      stream,
      size: JSON.stringify(payload).length,
    }));
  return { name: "sizesHost", mixins: [table.mixin()] };
}

/** Checks that a node without the store receives all of it, like the folding node. */
async function checkAll(broker: ServiceBroker, log: readonly RecordedEvent[], count: number): Promise<void> {
  expect(log.map(({ position }) => position)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  await caughtUp(broker, "sizes");
  expect(await broker.call("sizes.count")).toBe(count);
  for (const { position, stream, payload } of [log[0]!, log[count >> 1]!, log.at(-1)!])
    expect(await broker.call("sizes.get", { id: String(position) })).toEqual({
      id: String(position),
      stream,
      size: JSON.stringify(payload).length,
    });
}

describeWith("nats-server", "A log of more than a message holds", (server) => {
  /** The store on A, the table on C. Returns A and a node that hosts neither. */
  async function nodes(): Promise<{ a: ServiceBroker; b: ServiceBroker }> {
    const cluster = new Cluster(server());
    const a = await cluster.node("A", [{ name: "keeper", mixins: [hostedStore(newFolder()).mixin()] }]);
    // Without a time-out, the test would wait for a message that is never sent until its own end.
    const b = await cluster.node("B", [], { requestTimeout: 60_000 });
    await cluster.node("C", [sizes(newFolder())]);
    await Promise.all([cluster.knows("events", "A"), cluster.knows("sizes", "C")]);
    return { a, b };
  }

  it("is folded and read on other nodes in pages cut by bytes: 300 events of 100 KB", async () => {
    const { b } = await nodes();
    const text = "x".repeat(100 * 1024);
    for (let at = 0; at < 300; at += 5)
      await b.call("events.append", {
        stream: `thing-${at}`,
        events: Array.from({ length: 5 }, (_, index) => ({
          type: "thing.noted",
          payload: { text, number: at + index },
        })),
      });
    const log = await readLog<RecordedEvent>(b);
    await checkAll(b, log, 300);
    expect(log.map(({ payload }) => payload)).toEqual(Array.from(log, (_, number) => ({ text, number })));
    const backward: RecordedEvent[] = await eventsIn(b.call("events.read", { backward: true, limit: 10_000 }));
    expect(backward.map(({ position }) => position)).toEqual(Array.from(backward, (_, index) => 300 - index));
  });

  it("is folded and read on other nodes in pages cut by bytes: 3,000 small events in streams with the longest names", async () => {
    const { a, b } = await nodes();
    const nameOf = (number: number) => `${"𝄞".repeat(249)}-${String(number).padStart(5, "0")}`;
    const append = (number: number) =>
      a.call("events.append", { stream: nameOf(number), events: [{ type: "thing.noted", payload: { number } }] });
    for (let at = 0; at < 3000; at += 500)
      await Promise.all(Array.from({ length: 500 }, (_, index) => append(at + index)));
    const log = await readLog<RecordedEvent>(b);
    await checkAll(b, log, 3000);
    expect(log.map(({ stream }) => stream)).toEqual(Array.from(log, (_, number) => nameOf(number)));
    const streams: { stream: string }[] = [];
    for (;;) {
      const page: { stream: string }[] = await streamsIn(
        b.call("events.streams", {
          after: streams.at(-1)?.stream ?? "",
          limit: 5000,
        }),
      );
      if (page.length === 0) break;
      streams.push(...page);
    }
    expect(streams.map(({ stream }) => stream)).toEqual(Array.from(log, (_, number) => nameOf(number)));
  });

  it("is linked and traced by other nodes in messages cut by bytes: 6,000 events of one request", async () => {
    const { a, b } = await nodes();
    const ids: string[] = [];
    for (let at = 0; at < 6000; at += 1000) {
      const events = Array.from({ length: 1000 }, () => ({ type: "thing.noted", payload: {} }));
      const call = { stream: `thing-${at}`, events };
      const answer: StoredAnswer = await a.call("events.append", call, { requestID: "request-1" });
      ids.push(...answer.events.map(({ id }) => id));
    }
    const stream = "𝄞".repeat(255);
    expect(await b.call("events.link", { stream, ids })).toEqual({ stream, version: 6000, linked: 6000 });
    const linked: RecordedEvent[] = [];
    for (let page; page === undefined || page.length > 0; linked.push(...page))
      page = await eventsIn(
        b.call<{ events: RecordedEvent[] }, object>("events.read", {
          stream,
          afterVersion: linked.length,
          limit: 10_000,
        }),
      );
    expect(linked.map(({ id }) => id)).toEqual(ids);
    const traced = (broker: ServiceBroker): Promise<Trace> =>
      broker.call("events.trace", { correlationId: "request-1" });
    const whole = await traced(a);
    expect(whole.events).toBe(6000);
    expect(whole.end).toBe(true);
    const cut = await traced(b);
    expect(cut.end).toBe(false);
    expect(cut.events).toBeGreaterThan(2000);
    expect(cut.tree[0]).toEqual(whole.tree[0]);
  });

  it("holds an event of the largest size allowed, of characters that JSON doubles", async () => {
    const { b } = await nodes();
    const text = '"'.repeat(261_000);
    await b.call("events.append", { stream: "thing-1", events: [{ type: "thing.noted", payload: { text } }] });
    await b.call("events.append", { stream: "thing-1", events: [{ type: "thing.noted", payload: { text } }] });
    const log = await readLog<RecordedEvent>(b);
    await checkAll(b, log, 2);
    expect(log.map(({ payload }) => payload)).toEqual([{ text }, { text }]);
  });
});
