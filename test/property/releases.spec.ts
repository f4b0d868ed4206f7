import * as fc from "fast-check";
import { Aggregate, Decider, EventStore } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { law } from "./law.ts";

afterEach(cleanUp);

const newest = 4;

/** An upcaster of a number. Their order matters: no two of them commute. */
const upcaster = fc.oneof(
  fc.record({ times: fc.constantFrom(2, 3) }),
  fc.record({ plus: fc.integer({ min: 1, max: 9 }) }),
);
type Upcaster = typeof upcaster extends fc.Arbitrary<infer Value> ? Value : never;
const upcasters = fc.array(upcaster, { minLength: newest - 1, maxLength: newest - 1 });

const changed = (one: Upcaster, n: number): number => ("times" in one ? n * one.times : n + one.plus);

interface Write {
  id: string;
  n: number;
}

const release = fc.record({
  schemaVersion: fc.integer({ min: 1, max: newest }),
  writes: fc.array(fc.record({ id: fc.constantFrom("a", "b"), n: fc.nat(9) }), { maxLength: 3 }),
});

function services(folder: string, chain: readonly Upcaster[], schemaVersion: number): ServiceSchema[] {
  const known = chain.slice(0, schemaVersion - 1);
  const events = EventStore<{ "thing.added": { n: number } }>("events", {
    adapter: `sqlite:${folder}/events.db`,
    events: {
      "thing.added": {
        schemaVersion,
        upcasters: Object.fromEntries(
          known.map((one, index) => [
            index + 1,
            ({ n }: Record<string, unknown>) => ({ n: changed(one, n as number) }),
          ]),
        ),
      },
    },
  });
  const sums = Aggregate("sums", {
    eventStore: events,
    adapter: `sqlite:${folder}/sums.db`,
    fields: { sum: "integer", last: "integer" },
    definitionVersion: 1,
    onChange: "rebuild",
  })
    .on("thing.*")
    .update(({ payload: { n } }, { row }) => ({ sum: (row?.sum ?? 0) * 2 + n, last: n }));
  const thing = Decider("thing", {
    eventStore: events,
    initialState: () => 0,
    commands: {
      add: { params: { n: "number" }, decide: (_, { n }) => ({ type: "thing.added", payload: { n } }) },
    },
    evolve: { "thing.added": (sum, { payload: { n } }) => sum * 2 + n },
    stateSnapshots: { every: 1, version: 1 },
  });
  return [{ name: "thing", mixins: [thing.mixin(), sums.mixin()] }];
}

type Stored = Write & { schemaVersion: number };

/** The sums of a plain loop, with each number as the release reads it. */
function plainSums(log: readonly Stored[], chain: readonly Upcaster[], today: number): Record<string, object> {
  const rows: Record<string, { id: string; sum: number; last: number }> = {};
  for (const { id, n, schemaVersion } of log) {
    const last = chain.slice(schemaVersion - 1, today - 1).reduce((value, one) => changed(one, value), n);
    rows[id] = { id, sum: (rows[id]?.sum ?? 0) * 2 + last, last };
  }
  return rows;
}

const statusOf = (broker: ServiceBroker): Promise<object> => broker.call("sums.status");

describe("A log under releases whose schema versions rise and fall between restarts", () => {
  law(
    "has the table and the states that each release folds from its beginning, or waits for one that can",
    8,
    fc.asyncProperty(upcasters, fc.array(release, { minLength: 2, maxLength: 4 }), async (chain, releases) => {
      const folder = newFolder();
      const log: Stored[] = [];
      for (const { schemaVersion, writes } of [...releases, { schemaVersion: newest, writes: [] }]) {
        const broker = await startBroker(services(folder, chain, schemaVersion));
        const isNewer = (one: Stored) => one.schemaVersion > schemaVersion;
        for (const write of writes) {
          const isRefused = log.some((one) => one.id === write.id && isNewer(one));
          const refused: unknown = await broker.call("thing.add", write).then(
            () => null,
            ({ type }: { type: string }) => type,
          );
          expect(refused).toBe(isRefused ? "NEWER_EVENT" : null);
          if (!isRefused) log.push({ ...write, schemaVersion });
        }
        if (log.some(isNewer))
          await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "waiting", parked: 0 }));
        else {
          await eventually(async () =>
            expect(await statusOf(broker)).toMatchObject({ lag: 0, stale: false, parked: 0, cause: null }),
          );
          const expected = plainSums(log, chain, schemaVersion);
          expect(await broker.call("sums.find", { sort: "id" })).toEqual(
            Object.keys(expected)
              .toSorted()
              .map((id) => expected[id]),
          );
          for (const [id, row] of Object.entries(expected))
            expect(await broker.call("thing.state", { id })).toMatchObject({ state: (row as { sum: number }).sum });
          expect(await broker.call("sums.verify")).toMatchObject({ ok: true });
        }
        await broker.stop();
      }
    }),
  );
});
