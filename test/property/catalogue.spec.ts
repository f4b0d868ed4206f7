import * as fc from "fast-check";
import { EventStore, type EventDefinition, type RecordedEvent } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { cleanUp, eventually, startBroker } from "../support/broker.ts";
import { law } from "./law.ts";
import { objectRule, payloadNear } from "./schema.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

type Payload = Record<string, number>;

const field = fc.constantFrom("a", "b", "c");

/** An upcaster as plain data. Their order matters: no two of them commute. */
const change = fc.oneof(
  fc.record({ move: field, to: field }),
  fc.record({ add: field, value: fc.nat(9) }),
  fc.record({ double: field }),
  fc.record({ drop: field }),
  fc.record({ byPosition: field }),
);
type Change = typeof change extends fc.Arbitrary<infer Value> ? Value : never;

function changed(one: Change, payload: Payload, version: number): Payload {
  if ("move" in one) {
    const { [one.move]: moved, ...rest } = payload;
    return moved === undefined ? rest : { ...rest, [one.to]: moved };
  }
  if ("add" in one) return { ...payload, [one.add]: (payload[one.add] ?? 0) + one.value };
  if ("double" in one) return { ...payload, [one.double]: (payload[one.double] ?? 1) * 2 };
  if ("byPosition" in one) return { ...payload, [one.byPosition]: version };
  const { [one.drop]: _, ...rest } = payload;
  return rest;
}

const definitionOf = (chain: readonly Change[]): EventDefinition => ({
  schemaVersion: chain.length + 1,
  upcasters: Object.fromEntries(
    chain.map((one, index) => [
      index + 1,
      (payload: Record<string, unknown>, { version }: RecordedEvent) => changed(one, payload as Payload, version),
    ]),
  ),
});

const whole = { noNullPrototype: true };
const stored = fc.record(
  { of: fc.nat(5), isNamed: fc.boolean(), payload: fc.dictionary(field, fc.nat(9), { maxKeys: 3, ...whole }) },
  whole,
);

describe("A catalogue", () => {
  law(
    "reads each stored version as the chain of upcasters does when it is applied by hand",
    60,
    fc.asyncProperty(
      fc.array(change, { maxLength: 5 }),
      fc.array(stored, { minLength: 1, maxLength: 8 }),
      async (chain, writes) => {
        const events = EventStore<Record<string, Payload>>("events", {
          adapter: memory(),
          events: { "thing.changed": definitionOf(chain) },
        });
        const heard: RecordedEvent[] = [];
        const listener = {
          name: "listener",
          events: { "thing.changed": (ctx: { params: RecordedEvent }) => void heard.push(ctx.params) },
        };
        const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }, listener]);
        try {
          const today = chain.length + 1;
          const expected: unknown[] = [];
          for (const { of, isNamed, payload } of writes) {
            const schemaVersion = (of % today) + 1;
            // Without a version it is of today's version.
            const meta = isNamed || schemaVersion < today ? { schemaVersion } : {};
            await broker.call("events.append", { stream: "s", events: [{ type: "thing.changed", payload, meta }] });
            const version = expected.length + 1;
            const byHand = chain
              .slice(schemaVersion - 1)
              .reduce<Payload>((before, one) => changed(one, before, version), payload);
            expected.push([version, byHand, today]);
          }
          const seen = (found: readonly RecordedEvent[]) =>
            found.map(({ version, payload, meta }) => [version, payload, meta["schemaVersion"]]);
          const read: RecordedEvent[] = await eventsIn(broker.call("events.read"));
          expect(seen(read)).toEqual(expected);
          expect(await eventsIn(broker.call("events.read", { stream: "s" }))).toEqual(read);
          expect(await broker.call("events.find", { sort: "position" })).toEqual(read);
          for (const event of read) expect(await broker.call("events.get", { id: event.id })).toEqual(event);
          const page = { consumer: "table/x", after: 0, limit: 100, types: ["thing.changed"] };
          expect(await broker.call("$events.page", page, spoken)).toMatchObject({ events: read });
          const raw: RecordedEvent[] = await eventsIn(broker.call("events.read", { raw: true }));
          expect(raw.map(({ payload }) => payload)).toEqual(writes.map(({ payload }) => payload));
          await eventually(() => expect(heard).toEqual(read));
        } finally {
          await broker.stop();
        }
      },
    ),
  );

  const rulesWithPayloads = objectRule.chain((rule) =>
    fc.tuple(fc.constant(rule), fc.array(payloadNear(rule), { minLength: 1, maxLength: 10 })),
  );

  law(
    "lets a payload through if and only if its schema accepts it",
    80,
    fc.asyncProperty(rulesWithPayloads, async ([rule, payloads]) => {
      const events = EventStore("events", {
        adapter: memory(),
        events: { "thing.changed": { payload: { $$root: true, ...rule.rule } } },
      });
      const broker = await startBroker([{ name: "host", mixins: [events.mixin()] }]);
      try {
        const accepted: unknown[] = [];
        for (const payload of payloads) {
          const append = broker.call("events.append", { stream: "s", events: [{ type: "thing.changed", payload }] });
          const refusal = await append.then(
            () => null,
            (error: unknown) => error,
          );
          if (rule.accepts(payload)) {
            expect(refusal).toBeNull();
            accepted.push(payload);
          } else expect(refusal).toMatchObject({ type: "VALIDATION_ERROR", code: 422 });
        }
        const stored: RecordedEvent[] = await eventsIn(broker.call("events.read"));
        expect(stored.map(({ payload }) => payload)).toEqual(accepted);
      } finally {
        await broker.stop();
      }
    }),
  );
});
