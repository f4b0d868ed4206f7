import * as fc from "fast-check";
import type { ServiceBroker } from "moleculer";
import { EventStore, type StoredAnswer, type RecordedEvent } from "moleculer-event-sourcing";
import { cleanUp, startBroker } from "../support/broker.ts";
import { law } from "./law.ts";
import { places } from "./places.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

/** Turns of the event loop left to others after each piece of work. */
const turns = fc.nat(3);
const write = fc.record({
  stream: fc.nat(2),
  size: fc.integer({ min: 1, max: 8 }),
  /** Expects the version that was read before: other writers may be faster. */
  expects: fc.boolean(),
  turns,
});
const writer = fc.array(write, { minLength: 1, maxLength: 8 });
const reader = fc.record({ limit: fc.integer({ min: 1, max: 12 }), turns });
type Write = typeof write extends fc.Arbitrary<infer Value> ? Value : never;
type Reader = typeof reader extends fc.Arbitrary<infer Value> ? Value : never;

async function pass(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((done) => setImmediate(done));
}

const read = (broker: ServiceBroker, params: object): Promise<RecordedEvent[]> =>
  eventsIn(broker.call("events.read", params));

/** Returns the acknowledged events. */
async function runWriter(broker: ServiceBroker, writes: readonly Write[]): Promise<RecordedEvent[]> {
  const acknowledged: RecordedEvent[] = [];
  for (const { stream: n, size, expects, turns: count } of writes) {
    const stream = `s-${n}`;
    const [last] = expects ? await read(broker, { stream, backward: true, limit: 1 }) : [];
    const events = Array.from({ length: size }, () => ({ type: "thing.happened", payload: {} }));
    const params = { stream, events, ...(expects && { expectedVersion: last?.version ?? 0 }) };
    await pass(count);
    try {
      const answer: StoredAnswer = await broker.call("events.append", params);
      acknowledged.push(...answer.events);
    } catch (error) {
      expect(error).toMatchObject({ type: "VERSION_CONFLICT" });
      expect(expects).toBe(true);
    }
    await pass(count);
  }
  return acknowledged;
}

/** Polls the log; events that it has passed must be unchanged, without new ones in between. */
async function runReader(broker: ServiceBroker, { limit, turns: count }: Reader, isOver: () => boolean) {
  const seen: RecordedEvent[] = [];
  for (;;) {
    const last = isOver();
    const page = await read(broker, { after: seen.length, limit });
    expect(page.map(({ position }) => position)).toEqual(page.map((_, index) => seen.length + 1 + index));
    seen.push(...page);
    const behind = await read(broker, { before: seen.length + 1, backward: true, limit });
    expect(behind).toEqual(seen.slice(-limit).toReversed());
    if (last && page.length === 0) return seen;
    await pass(count + 1);
  }
}

describe.each(places)("A reader of a store on %s", (_engine, newPlace) => {
  law(
    "finds no event at or below a position it has passed, and no gap, while many write",
    25,
    fc.asyncProperty(
      fc.array(writer, { minLength: 1, maxLength: 5 }),
      fc.array(reader, { minLength: 1, maxLength: 3 }),
      async (writers, readers) => {
        const broker = await startBroker([
          { name: "host", mixins: [EventStore("events", { adapter: newPlace() }).mixin()] },
        ]);
        try {
          let isOver = false;
          const writing = Promise.all(writers.map((writes) => runWriter(broker, writes)));
          const [acknowledged, ...seen] = await Promise.all([
            writing.finally(() => (isOver = true)),
            ...readers.map((one) => runReader(broker, one, () => isOver)),
          ]);
          const all = await read(broker, { limit: 10_000 });
          expect(all).toEqual(acknowledged.flat().toSorted((a, b) => a.position - b.position));
          for (const events of seen) expect(events).toEqual(all);
          for (const stream of new Set(all.map((event) => event.stream))) {
            const versions = all.flatMap((event) => (event.stream === stream ? [event.version] : []));
            expect(versions).toEqual(versions.map((_, index) => index + 1));
          }
        } finally {
          await broker.stop();
        }
      },
    ),
  );
});
