import * as fc from "fast-check";
import { toAppendRequest, type AppendInput, type AppendRequest } from "../../core/log/append-request.ts";
import type { AppendVerdict, EventLog, ReadOptions } from "../../core/log/event-log.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { cleanUp } from "../support/broker.ts";
import { law } from "./law.ts";
import { places } from "./places.ts";
import { PlainLog, type PlainEvent, type PlainVerdict } from "./plain-log.ts";

afterEach(cleanUp);

const streams = ["a-1", "a-2", "b-1", "b"];
const types = ["thing.created", "thing.changed"];

/** Few streams, ids, keys and contents, so that appends collide. */
const append = fc.record({
  stream: fc.nat(streams.length - 1),
  type: fc.nat(types.length - 1),
  content: fc.nat(1),
  size: fc.oneof({ arbitrary: fc.integer({ min: 1, max: 3 }), weight: 3 }, fc.integer({ min: 1, max: 20 })),
  /** A number is the difference from the right version. */
  expected: fc.oneof(
    fc.constantFrom("any" as const, "no-stream" as const, "stream-exists" as const),
    fc.constantFrom(0, 0, -1, 1),
  ),
  named: fc.oneof(
    fc.constant({ by: "nothing" as const }),
    fc.record({ by: fc.constant("ids" as const), from: fc.nat(15) }),
    fc.record({ by: fc.constant("key" as const), key: fc.nat(3) }),
    /** A copy of an earlier append. */
    fc.record({ by: fc.constant("again" as const), which: fc.nat(30) }),
  ),
});
type Append = typeof append extends fc.Arbitrary<infer Value> ? Value : never;

const position = fc.nat(40);
const reading = fc.record({
  after: fc.option(position, { nil: undefined }),
  limit: fc.integer({ min: 1, max: 12 }),
  backward: fc.boolean(),
  type: fc.option(fc.nat(types.length - 1), { nil: undefined }),
  category: fc.option(fc.constantFrom("a", "b", "c"), { nil: undefined }),
  stream: fc.option(fc.nat(streams.length - 1), { nil: undefined }),
});
type Reading = typeof reading extends fc.Arbitrary<infer Value> ? Value : never;

const step = fc.oneof(
  { weight: 6, arbitrary: fc.record({ commit: fc.array(append, { maxLength: 5 }) }) },
  { weight: 1, arbitrary: fc.record({ spoilt: fc.array(append, { maxLength: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ read: reading }) },
  { weight: 1, arbitrary: fc.record({ reopen: fc.constant(true) }) },
);

const idOf = (n: number) => `0190a0b0-0000-7000-8000-${String(n).padStart(12, "0")}`;

/** The requests of a commit, each built for the model's state after the one before. */
function requestsOf(appends: readonly Append[], sent: Sent[], model: PlainLog) {
  const requests: AppendRequest[] = [];
  const verdicts: PlainVerdict[] = [];
  for (const one of appends) {
    const again = one.named.by === "again" ? sent[one.named.which % Math.max(sent.length, 1)] : undefined;
    const input = again ?? inputOf(one, model);
    const { commandId, ...append } = input;
    const context = { correlationId: "request", causationId: "call", maxEventBytes: 10_000, commandId };
    const request = toAppendRequest(append, context);
    requests.push(request);
    sent.push(input);
    verdicts.push(model.append(request));
  }
  return { requests, verdicts };
}

/** What a caller sends, with the header. */
type Sent = AppendInput & { commandId?: string };

function inputOf({ stream, type, content, size, expected, named }: Append, model: PlainLog): Sent {
  const name = streams[stream]!;
  const events = Array.from({ length: size }, (_, index) => ({
    type: types[type]!,
    payload: { content },
    ...(named.by === "ids" && { id: idOf(named.from + index) }),
  }));
  const expectedVersion = typeof expected === "number" ? Math.max(model.version(name) + expected, 0) : expected;
  return { stream: name, events, expectedVersion, ...(named.by === "key" && { commandId: `k${named.key}` }) };
}

function timeless(event: RecordedEvent): PlainEvent {
  const { time: _, ...rest } = event;
  return rest;
}

const plain = (verdict: AppendVerdict): PlainVerdict => {
  if ("events" in verdict) return { events: verdict.events.map(timeless), repeated: verdict.repeated };
  const { type, data } = verdict.error as Error & { type: string; data: Record<string, unknown> };
  return type === "VERSION_CONFLICT"
    ? { refused: type, data: { expected: data["expected"], actual: data["actual"] } }
    : { refused: type };
};

/** Reads every page. */
async function readPages(log: EventLog, { after, backward, ...options }: ReadOptions): Promise<RecordedEvent[]> {
  const events: RecordedEvent[] = [];
  for (let from = after; ;) {
    const page = await log.read({ ...options, after: from, ...(backward !== undefined && { backward }) });
    expect(page.events.length).toBeLessThanOrEqual(options.limit);
    events.push(...page.events);
    if (page.end) return events;
    expect(backward ? from - page.position : page.position - from).toBeGreaterThan(0);
    from = page.position;
  }
}

async function readStreamPages(log: EventLog, stream: string, { after, limit, backward, wanted }: ReadOptions) {
  const events: RecordedEvent[] = [];
  for (let afterVersion = after; ;) {
    const options = { afterVersion, limit, ...(backward && { backward }), ...(wanted && { wanted }) };
    const page = await log.readStream(stream, options);
    expect(page.length).toBeLessThanOrEqual(limit);
    if (page.length === 0) return events;
    events.push(...page);
    afterVersion = page.at(-1)!.version;
  }
}

async function compareReading(log: EventLog, model: PlainLog, { stream, type, category, ...reading }: Reading) {
  const { limit, backward, after = backward ? 1000 : 0 } = reading;
  const wanted = type === undefined ? undefined : (found: string) => found === types[type];
  const of = stream === undefined ? null : streams[stream]!;
  const numberOf = (event: PlainEvent) => (of === null ? event.position : event.version);
  const expected = model.events.filter(
    (event) =>
      (of === null || event.stream === of) &&
      (of !== null || category === undefined || event.stream.split("-")[0] === category) &&
      (!wanted || wanted(event.type)) &&
      (backward ? numberOf(event) < after : numberOf(event) > after),
  );
  const options = { after, limit, backward, ...(wanted && { wanted }) };
  const found =
    of === null
      ? await readPages(log, { ...options, ...(category !== undefined && { category }) })
      : await readStreamPages(log, of, options);
  expect(found.map(timeless)).toEqual(backward ? expected.toReversed() : expected);
}

async function compareAll(log: EventLog, { events }: PlainLog): Promise<void> {
  const all = await readPages(log, { after: 0, limit: 7 });
  expect(all.map(timeless)).toEqual(events);
  expect(all.map(({ time }) => time)).toEqual(all.map(({ time }) => time).toSorted());
  expect(await log.head()).toBe(events.length);
  expect(await log.findByIds(events.map(({ id }) => id))).toEqual(all);
  const names = [...new Set(events.map(({ stream }) => stream))].toSorted();
  const summaries = await log.streams({ limit: 100 });
  expect(summaries).toEqual(
    names.map((stream) => {
      const { version, time } = all.findLast((event) => event.stream === stream)!;
      return { stream, version, time };
    }),
  );
}

describe.each(places)("A log on %s", (_engine, newPlace) => {
  law(
    "gives every verdict, version, position and page that one array would give, also after reopening",
    250,
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 20 }), async (steps) => {
      const place = newPlace();
      const model = new PlainLog();
      const sent: Sent[] = [];
      let log = place.eventLog!("events");
      await log.open();
      try {
        for (const one of steps) {
          if ("commit" in one) {
            const { requests, verdicts } = requestsOf(one.commit, sent, model);
            expect((await log.append(requests)).map(plain)).toEqual(verdicts);
          } else if ("spoilt" in one) {
            const before = model.events;
            const { requests } = requestsOf(one.spoilt, sent, model);
            model.events = before;
            await expect(log.append([...requests, spoilt()])).rejects.toThrow(/payload/);
          } else if ("read" in one) {
            await compareReading(log, model, one.read);
          } else {
            await log.close();
            log = place.eventLog!("events");
            await log.open();
          }
        }
        await compareAll(log, model);
      } finally {
        await log.close();
      }
    }),
  );
});

/** A request that no engine can store, so that the commit fails after others of it were accepted. */
function spoilt(): AppendRequest {
  const request = toAppendRequest(
    { stream: "a-1", events: [{ type: "x", payload: {} }] },
    { correlationId: "", causationId: "", maxEventBytes: 1000 },
  );
  return { ...request, events: [{ ...request.events[0]!, payloadText: null as unknown as string }] };
}
