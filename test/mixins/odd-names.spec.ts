import { randomUUID } from "node:crypto";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { describeWith } from "../support/engines.ts";
import { openParams } from "../support/open-params.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

const nul = "a\0b";
const half = "a\ud83d";
const long = "x".repeat(20_000);
const lease = { name: "table/table", holder: "h", epoch: 1 };
const consumer = "table/table";
const snapshot = { definition: "d", version: 1, position: 1, time: "t", eventId: "e", state: {} };

async function brokerWith(adapter: string): Promise<{ broker: ServiceBroker; store: string }> {
  const store = `s${randomUUID().slice(0, 8)}`;
  const events = EventStore(store, { adapter });
  const table = Aggregate(`${store}Table`, { eventStore: events, fields: { name: "string" } })
    .on("thing.created")
    .create((event) => ({ id: event.id, ...event.payload }));
  const broker = await startBroker([
    {
      name: "thing",
      mixins: [events.mixin(), table.mixin()],
      actions: { create: events.mapAction("thing.created", { params: openParams }) },
    },
  ]);
  return { broker, store };
}

/** The others are called between nodes. */
const ofCallers = new Set(["link", "read", "streams"]);

/** The action, its params with an odd text in one place, and the field that the refusal names. */
const refused: [string, (odd: string) => object, string][] = [
  ["append", (stream) => ({ stream, events: [{ type: "a", payload: {} }] }), "stream"],
  ["append", (type) => ({ stream: "a", events: [{ type, payload: {} }] }), "events.0.type"],
  ["append", (scope) => ({ ...one, claims: [{ ...claim("v"), scope }] }), "claims.0.scope"],
  ["append", (definition) => ({ ...one, claims: [{ ...claim("v"), definition }] }), "claims.0.definition"],
  ["append", (value) => ({ ...one, claims: [claim("w"), claim(value)] }), "claims.1.changes.0.value"],
  ["link", (stream) => ({ stream, ids: [v7()] }), "stream"],
  ["read", (stream) => ({ stream }), "stream"],
  ["read", (category) => ({ category }), "category"],
  ["streams", (category) => ({ category }), "category"],
  ["streams", (after) => ({ after }), "after"],
  ["loadStream", (stream) => ({ stream, afterVersion: 0, snapshot: null, definition: "d" }), "stream"],
  ["loadStream", (key) => ({ stream: "a", afterVersion: 0, snapshot: key, definition: "d" }), "snapshot"],
  ["saveSnapshot", (key) => ({ key, snapshot }), "key"],
  ["saveSnapshot", (eventId) => ({ key: "k", snapshot: { ...snapshot, eventId } }), "snapshot.eventId"],
  ["beginClaims", (scope) => ({ scope, definition: "d", types: ["a"] }), "scope"],
  ["beginClaims", (type) => ({ scope: "s", definition: "d", types: [type] }), "types.0"],
  ["claimants", (scope) => ({ scope, definition: "d", values: ["v"] }), "scope"],
  ["claimants", (value) => ({ scope: "s", definition: "d", values: [value] }), "values.0"],
  ["page", (name) => ({ consumer: `table/${name}`, after: 0, limit: 1, types: [] }), "consumer"],
  ["control", (name) => ({ consumer: `subscription/${name}`, change: { pause: true } }), "consumer"],
  ["control", (stream) => ({ consumer, change: { retry: { stream } } }), "change.retry.stream"],
  ["control", (process) => ({ consumer, change: { retry: { process } } }), "change.retry.process"],
  ["control", (id) => ({ consumer, change: { skip: { id, reason: "" } } }), "change.skip.id"],
  ["control", (reason) => ({ consumer, change: { skip: { id: v7(), reason } } }), "change.skip.reason"],
  ["control", (why) => ({ consumer, change: { endBuild: { id: v7(), why } } }), "change.endBuild.why"],
  ["state", (of) => ({ consumer, of }), "of"],
  ["states", (prefix) => ({ consumer, prefix, limit: 1 }), "prefix"],
  ["saveState", (of) => ({ consumer, of, value: {}, revision: 0, lease }), "of"],
  ["rename", (formerName) => ({ consumer, formerName }), "formerName"],
  ["takeLease", (holder) => ({ consumer, holder, ttlMs: 1 }), "holder"],
];
const one = { stream: "a", events: [{ type: "a", payload: {} }] };
const claim = (value: string) => ({ scope: "s", definition: "d", changes: [{ value, claimed: true }] });

/** Calls that find nothing, or accept any text. */
const answered: [string, (odd: string) => object, unknown][] = [
  ["resolve", (id) => ({ id, throwIfNotExist: false }), null],
  ["find", (id) => ({ query: { id } }), []],
  ["find", (stream) => ({ query: { stream } }), []],
  ["read", (type) => ({ types: [type] }), { events: [], position: 0, end: true }],
];

/** The same inside JSON, which never contains a lone surrogate. */
const answeredOfJson: typeof answered = [
  ["find", (user) => ({ query: { "meta.user": user } }), []],
  ["trace", (correlationId) => ({ correlationId }), expect.objectContaining({ events: 0, tree: [] })],
];

const checks = (adapter: () => string) => {
  it("is refused with its field where it would be kept or looked for, and nothing is written", async () => {
    const { broker, store } = await brokerWith(adapter());
    for (const odd of [nul, half, long])
      for (const [action, params, field] of refused) {
        const service = ofCallers.has(action) ? store : `$${store}`;
        const error = await refusal(() => broker.call(`${service}.${action}`, params(odd), spoken));
        expect([action, odd.slice(0, 9), error.code, error.type]).toEqual([
          action,
          odd.slice(0, 9),
          422,
          "VALIDATION_ERROR",
        ]);
        expect((error.data as { field: string }[]).map((problem) => problem.field)).toEqual([field]);
      }
    expect(await broker.call(`${store}.status`)).toMatchObject({ head: 0 });
    const { control }: { control: object } = await broker.call(
      `$${store}.page`,
      {
        consumer,
        after: 0,
        limit: 0,
        types: [],
      },
      spoken,
    );
    expect(control).toMatchObject({ revision: 0, retries: [], skipped: {} });
  });

  it("finds nothing where any text may be asked for", async () => {
    const { broker, store } = await brokerWith(adapter());
    for (const odd of [nul, half])
      for (const [action, params, nothing] of odd === half ? answered : [...answered, ...answeredOfJson])
        expect(await broker.call(`${store}.${action}`, params(odd))).toEqual(nothing);
  });

  it("is kept inside a payload, if it is a NUL", async () => {
    const { broker, store } = await brokerWith(adapter());
    const payload = { [nul]: [nul] };
    await broker.call(`${store}.append`, { stream: "a", events: [{ type: "a", payload, meta: { user: nul } }] });
    expect(await eventsIn(broker.call(`${store}.read`))).toMatchObject([{ payload, meta: { user: nul } }]);
  });
};

describe("A text that not every engine takes", () => {
  checks(() => `sqlite:${newFolder()}/events.db`);
});
describeWith("postgres", "A text that PostgreSQL does not take", (server) => checks(() => server().url));
