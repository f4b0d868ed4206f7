import { describeDefinition } from "../../core/rows/definition.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { queryFieldsOf } from "../../core/query/query.ts";
import type { Generation, Origin, ParkedStream, Progress, ReadTable } from "../../core/table/read-table.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { Folds } from "../../mixins/aggregate/fold/folds.ts";
import { ScratchFolds } from "../../mixins/aggregate/past/scratch-folds.ts";
import { EventCaller } from "../../mixins/consumer/event-caller.ts";
import { parsePolicy } from "../../mixins/consumer/error-policy.ts";
import { places } from "../property/places.ts";
import { cleanUp, newBroker, refusal } from "../support/broker.ts";

afterEach(cleanUp);

const fields = parseFields("table", { n: "integer" });
const idAt = (position: number) => (position === 0 ? null : `event ${position}`);
const events = Array.from({ length: 10 }, (_, index): RecordedEvent => ({
  id: `event ${index + 1}`,
  type: "thing.happened",
  stream: "thing-1",
  version: index + 1,
  position: index + 1,
  time: "2026-01-01T00:00:00.000Z",
  payload: {},
  meta: { correlationId: "c", causationId: "c" },
}));

/** A log of ten events, in pages of three. */
const unasked = () => Promise.reject(new Error("only a retry reads single streams and events"));

const source = {
  streamPage: unasked,
  event: unasked,
  eventAt: unasked,
  page: async (after: number, limit: number) => {
    const page = limit === 0 ? [] : events.slice(after, after + 3);
    const position = page.at(-1)?.position ?? after;
    const control = { revision: 0, paused: false, resumed: 0, retries: [], skipped: {} };
    return {
      events: page,
      position,
      positionId: idAt(position),
      end: position === 10,
      head: 10,
      log: "log",
      afterId: idAt(after),
      control,
    };
  },
};

const parked: ParkedStream = {
  id: "event 2",
  type: "thing.happened",
  stream: "thing-1",
  version: 2,
  position: 2,
  error: { name: "Error", message: "poison" },
  attempts: 1,
  parkedAt: "2026-01-01T00:00:00.000Z",
  waiting: 0,
};

const [today, yesterday] = ["today", "yesterday"].map((definitionVersion) =>
  describeDefinition({ fields, mappings: [], schemaVersions: [], definitionVersion }),
) as [string, string];

describe.each(places)("A table of the past on %s", (_, newPlace) => {
  const ran: number[] = [];
  const warnings: string[] = [];
  let table: ReadTable;
  let offer: () => Promise<Generation | null>;

  beforeEach(async () => {
    ran.length = warnings.length = 0;
    table = newPlace().readTable!("table");
    await table.open(fields, { definition: today, requestId: "" });
  });
  afterEach(() => table.close());

  function folds(): ScratchFolds {
    const broker = newBroker();
    const caller = new EventCaller(broker);
    return new ScratchFolds({
      name: "table",
      table,
      fields,
      definition: today,
      mappings: [
        {
          pattern: "thing.happened",
          operation: "create",
          transform: ({ position }) => (ran.push(position), { id: String(position), n: position }),
        },
      ],
      policy: parsePolicy("table"),
      folds: new Folds({ aggregate: "table", node: "node", fields: queryFieldsOf(fields), caller, timeoutMs: 1000 }),
      source,
      livePosition: async () => (await table.live().progress()).position,
      nearestSnapshot: () => offer(),
      warn: (message) => warnings.push(message),
    });
  }

  const upTo = (position: number) => ({ position, positionId: idAt(position), log: "log", skipped: [] });

  /** A generation whose rows are marked as coming from elsewhere. */
  async function snapshot(given: Partial<Progress & Origin & { fields: typeof fields; parked: ParkedStream }> = {}) {
    const { position = 4, positionId = idAt(position), reordered = false, log = "log", definition = today } = given;
    const generation = await table.build(given.fields ?? fields, { definition, requestId: "" });
    const batch = await generation.begin();
    await batch.apply([{ operation: "create", id: "from the snapshot", values: {} }]);
    if (given.parked) await batch.park(given.parked);
    await batch.commit({ position, positionId, folded: position, reordered, log });
    return generation;
  }

  it.each([0, 1, 3, 5, 10])("is folded from nothing up to position %d, over pages", async (position) => {
    offer = async () => null;
    const { generation } = await folds().build({ point: upTo(position), startAtMost: position });
    expect(ran).toEqual(events.slice(0, position).map((event) => event.position));
    expect(await generation.progress()).toMatchObject({ position, positionId: idAt(position), folded: position });
    await table.drop(generation);
  });

  it.each([4, 7])("grows from a snapshot at position 4 up to position %d", async (position) => {
    offer = () => snapshot();
    const { generation } = await folds().build({ point: upTo(position), startAtMost: position });
    expect(ran).toEqual(events.slice(4, position).map((event) => event.position));
    expect(await generation.rows.findByIds(["from the snapshot"])).toHaveLength(1);
    await table.drop(generation);
  });

  it.each<[string, Parameters<typeof snapshot>[0]]>([
    ["of another definition", { definition: yesterday }],
    ["with other fields", { fields: parseFields("table", { m: "integer" }) }],
    ["that was folded out of order", { reordered: true }],
    ["with a parked event", { parked }],
    ["that is folded further", { position: 8 }],
    ["of another log", { log: "another" }],
    ["of a log that was set back", { positionId: "another" }],
  ])("does not grow from a snapshot %s", async (_, given) => {
    offer = () => snapshot(given);
    const { generation } = await folds().build({ point: upTo(7), startAtMost: 7 });
    expect(ran).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await generation.rows.findByIds(["from the snapshot"])).toEqual([]);
    await table.drop(generation);
  });

  it("is copied twice at a time; 100 others wait, and no more", async () => {
    const copies = folds();
    const gate = Promise.withResolvers<void>();
    let atWork = 0;
    let most = 0;
    const copy = () =>
      copies.copying(async () => {
        most = Math.max(most, ++atWork);
        await gate.promise;
        atWork--;
      });
    const calls = Array.from({ length: 102 }, copy);
    expect(await refusal(copy)).toMatchObject({ type: "STORE_UNAVAILABLE", code: 503 });
    // A copy for a fold must not wait for fold slots.
    const { generation } = await copies.build({ point: upTo(2), startAtMost: 0 });
    await table.drop(generation);
    gate.resolve();
    await Promise.all(calls);
    expect(most).toBe(2);
  });

  it("is copied no more when its host stops", async () => {
    const copies = folds();
    const gate = Promise.withResolvers<void>();
    const running = [1, 2].map(() => copies.copying(() => gate.promise));
    const waiting = refusal(() => copies.copying(async () => {}));
    copies.stop();
    gate.resolve();
    await Promise.all(running);
    expect(await waiting).toMatchObject({ type: "STORE_UNAVAILABLE" });
  });

  it("does not grow from a snapshot that cannot be opened, and says so", async () => {
    offer = () => Promise.reject(new Error("damaged"));
    const { generation } = await folds().build({ point: upTo(2), startAtMost: 2 });
    expect(ran).toEqual([1, 2]);
    expect(warnings).toHaveLength(1);
    await table.drop(generation);
  });
});
