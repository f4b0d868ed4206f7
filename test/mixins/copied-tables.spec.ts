import type { ServiceBroker, ServiceSchema } from "moleculer";
import { Aggregate, EventStore, type FieldsInput } from "moleculer-event-sourcing";
import type { Adapter, ReadTable } from "moleculer-event-sourcing/adapter-kit";
import { StoreUnavailableError } from "moleculer-event-sourcing/adapter-kit";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import type { AggregateOptions } from "../../mixins/aggregate/options.ts";
import type { AggregateStatus } from "../../mixins/aggregate/host.ts";
import { caughtUp, cleanUp, eventually, newBroker, newFolder, startBroker } from "../support/broker.ts";
import { through } from "../support/counted-table.ts";
import { eventsIn } from "../support/pages.ts";
import { LogLines } from "./log-lines.ts";

afterEach(cleanUp);

const plain: FieldsInput = { name: "string", n: "integer" };
const indexed: FieldsInput = { name: { type: "string", index: true }, n: "integer" };
const unique: FieldsInput = { name: { type: "string", unique: true }, n: "integer" };
const wider: FieldsInput = { ...plain, city: { type: "string", index: true } };

/** The transforms' calls, and a helper that they use. */
const world = { calls: 0, cityOf: (_name: string): string | undefined => undefined };
beforeEach(() => Object.assign(world, { calls: 0, cityOf: () => undefined }));

interface Event {
  stream: string;
  version: number;
  payload: { name: string };
}

const counting = ({ stream, version, payload: { name } }: Event) => {
  world.calls++;
  const city = world.cityOf(name);
  return { id: stream, name, n: version, ...(city !== undefined && { city }) };
};
const otherwise = ({ stream, version, payload: { name } }: Event) => {
  world.calls++;
  return { id: stream, name, n: version, ...(name === "b" && { city: "Oslo" }) };
};

interface Definition extends Pick<AggregateOptions<never, FieldsInput>, "definitionVersion" | "onChange"> {
  fields?: FieldsInput;
  transform?: string | typeof counting;
  adapter?: Adapter;
}

function thing(folder: string, { fields = plain, transform = counting, adapter, ...more }: Definition = {}) {
  const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
  const options = { eventStore: events, fields, onError: { retries: 0 }, ...(adapter && { adapter }), ...more };
  const table = Aggregate("table", options)
    .on("thing.**")
    .update(transform as (event: unknown) => never);
  return { name: "thing", mixins: [events.mixin(), table.mixin()] } satisfies ServiceSchema;
}

const append = (broker: ServiceBroker, ...names: string[]) =>
  Promise.all(
    names.map((name, index) =>
      broker.call("events.append", {
        stream: `thing-${index + 1}`,
        events: [{ type: "thing.named", payload: { name } }],
      }),
    ),
  );
const rowsOf = (broker: ServiceBroker) => broker.call("table.find", { sort: "id" });
const statusOf = (broker: ServiceBroker) => broker.call<AggregateStatus>("table.status");
/** Its definition's table answers, up to the log's end. */
const settled = (broker: ServiceBroker) =>
  eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject({ stale: false, lag: 0, rebuilding: null });
    return status;
  });

/** A folder with a table of these names, folded by this definition. */
async function folderWith(definition: Definition = {}, names = ["a", "b", "c"]): Promise<string> {
  const folder = newFolder();
  const broker = await startBroker([thing(folder, definition)]);
  await append(broker, ...names);
  await caughtUp(broker, "table");
  await broker.stop();
  world.calls = 0;
  return folder;
}

/** Starts the definition; returns the broker, and the transforms' calls until its table answers. */
async function started(folder: string, definition: Definition): Promise<{ broker: ServiceBroker; calls: number }> {
  const broker = await startBroker([thing(folder, definition)]);
  await settled(broker);
  return { broker, calls: world.calls };
}

const abc = [
  { id: "thing-1", name: "a", n: 1 },
  { id: "thing-2", name: "b", n: 1 },
  { id: "thing-3", name: "c", n: 1 },
];

describe("A table whose indexes change", () => {
  it("is copied, with every onChange: no event is folded", async () => {
    const folder = await folderWith();
    const changes: [FieldsInput, NonNullable<Definition["onChange"]>][] = [
      [indexed, "refuse"],
      [plain, "warn"],
      [{ n: "integer", name: "string" }, "rebuild"],
    ];
    for (const [fields, onChange] of changes) {
      const { broker, calls } = await started(folder, { fields, onChange });
      expect([calls, await rowsOf(broker)]).toEqual([0, abc]);
      await broker.stop();
    }
    const { broker } = await started(folder, { fields: indexed });
    await append(broker, "x");
    await settled(broker);
    expect(world.calls).toBe(1);
    expect(await broker.call("table.find", { query: { name: "x" } })).toEqual([{ id: "thing-1", name: "x", n: 2 }]);
  });

  it("is copied with its parked events, and with other sources of one version or transforms by action", async () => {
    const failing = { definitionVersion: 1, transform: "missing.transform" };
    const folder = newFolder();
    const desk = {
      name: "missing",
      actions: {
        transform: ({ params }: { params: Event }) => {
          world.calls++;
          if (params.payload.name === "b") throw new Error("not this one");
          return { id: params.stream, name: params.payload.name };
        },
      },
    };
    const broker = await startBroker([desk, thing(folder, failing)]);
    await append(broker, "a", "b");
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ parked: 1, lag: 0 }));
    await broker.stop();
    world.calls = 0;
    const again = await startBroker([desk, thing(folder, { ...failing, fields: indexed })]);
    expect(await settled(again)).toMatchObject({ parked: 1 });
    expect(world.calls).toBe(0);
    const versioned = await folderWith({ definitionVersion: 1 });
    const other = await started(versioned, { definitionVersion: 1, transform: otherwise, fields: indexed });
    expect(other.calls).toBe(0);
  });
});

describe("A table with a field that becomes unique", () => {
  it("is copied if its rows fit, and enforces it from then on, until the field is so no longer", async () => {
    const folder = await folderWith();
    const { broker, calls } = await started(folder, { fields: unique });
    expect([calls, await rowsOf(broker)]).toEqual([0, abc]);
    await append(broker, "c");
    expect(await settled(broker)).toMatchObject({ parked: 1 });
    const [parked] = await eventsIn<{ id: string }>(broker.call("table.parked"));
    await broker.call("table.skip", { id: parked!.id });
    await settled(broker);
    await broker.stop();
    world.calls = 0;
    const back = await started(folder, { fields: plain });
    expect([back.calls, await rowsOf(back.broker)]).toEqual([0, abc]);
  });

  it("is folded again if its rows repeat a value, with a warning that names it", async () => {
    const folder = await folderWith({}, ["a", "b", "b"]);
    const lines = new LogLines();
    const broker = newBroker({ logger: lines });
    broker.createService(thing(folder, { fields: unique }));
    await broker.start();
    expect(await settled(broker)).toMatchObject({ parked: 1 });
    expect(world.calls).toBe(3);
    expect(await rowsOf(broker)).toEqual(abc.slice(0, 2));
    expect(lines.of("warn", /name is unique, and two rows have "b"/)).toHaveLength(1);
  });

  it("stops with onChange warn if its rows repeat a value, until a rebuild", async () => {
    const folder = await folderWith({}, ["a", "b", "b"]);
    const broker = await startBroker([thing(folder, { fields: unique, onChange: "warn" })]);
    await eventually(async () =>
      expect(await statusOf(broker)).toMatchObject({ state: "stopped", cause: /fields\.name\.unique/, stale: true }),
    );
    expect([world.calls, await rowsOf(broker)]).toMatchObject([0, [{ name: "a" }, { name: "b" }, { name: "b" }]]);
    await broker.call("table.rebuild");
    expect(await settled(broker)).toMatchObject({ state: "live", parked: 1 });
  });

  it("is folded again if an event is parked, which may have failed because of what changes", async () => {
    const folder = await folderWith({ fields: unique }, ["a", "b", "b"]);
    const { broker, calls } = await started(folder, { fields: plain });
    expect(calls).toBe(3);
    expect(await rowsOf(broker)).toMatchObject([{ name: "a" }, { name: "b" }, { name: "b" }]);
    expect(await statusOf(broker)).toMatchObject({ parked: 0 });
  });
});

describe("A table with an added field", () => {
  it("is copied if no transform's source has changed, and folded again when one fills the field", async () => {
    const folder = await folderWith();
    const { broker, calls } = await started(folder, { fields: wider });
    expect([calls, await rowsOf(broker)]).toEqual([0, abc.map((row) => ({ ...row, city: null }))]);
    await append(broker, "d");
    await settled(broker);
    await broker.stop();
    world.calls = 0;
    const filled = await started(folder, { fields: wider, transform: otherwise });
    expect(filled.calls).toBe(4);
    expect(await filled.broker.call("table.find", { query: { city: "Oslo" } })).toMatchObject([{ name: "b" }]);
  });

  it("is folded again if its transforms have other sources, or are actions, also with one version", async () => {
    const definitionVersion = 1;
    const folder = await folderWith({ definitionVersion });
    const { broker, calls } = await started(folder, { definitionVersion, fields: wider, transform: otherwise });
    expect(calls).toBe(3);
    expect(await rowsOf(broker)).toMatchObject([{ city: null }, { city: "Oslo" }, { city: null }]);
  });

  it("is folded again when an event fills the field although no source has changed, with a warning", async () => {
    const folder = await folderWith();
    await (await started(folder, { fields: wider })).broker.stop();
    world.cityOf = (name) => (name === "b" ? undefined : `city of ${name}`);
    const lines = new LogLines();
    const broker = newBroker({ logger: lines });
    broker.createService(thing(folder, { fields: wider }));
    await broker.start();
    await settled(broker);
    expect(world.calls).toBe(0);
    await append(broker, "b");
    await settled(broker);
    expect(world.calls).toBe(1);
    await append(broker, "d");
    await eventually(async () =>
      expect(await rowsOf(broker)).toMatchObject([{ city: "city of d" }, { city: null }, { city: "city of c" }]),
    );
    expect(await settled(broker)).toMatchObject({ parked: 0 });
    expect(lines.of("warn", /city.*definitionVersion/)).toHaveLength(1);
  });

  it("only warns when an event fills the field, with onChange warn, and stops with refuse", async () => {
    for (const onChange of ["warn", "refuse"] as const) {
      const folder = await folderWith();
      const { broker } = await started(folder, { fields: wider, onChange });
      world.cityOf = (name) => `city of ${name}`;
      await append(broker, "d");
      const expected = onChange === "warn" ? { state: "live", lag: 0 } : { state: "stopped", cause: /city/ };
      await eventually(async () => expect(await statusOf(broker)).toMatchObject({ ...expected, stale: true }));
      expect(await rowsOf(broker)).toMatchObject([
        { city: onChange === "warn" ? "city of d" : null },
        { city: null },
        {},
      ]);
      await broker.call("table.rebuild");
      expect(await rowsOf(broker)).toMatchObject([{ city: "city of d" }, { city: "city of b" }, {}]);
      await broker.stop();
      world.cityOf = () => undefined;
    }
  });
});

describe("The copy of a table", () => {
  /** An adapter whose copies wait for `answer`. */
  function held(folder: string) {
    const begun = Promise.withResolvers<void>();
    const state = { answer: Promise.resolve() };
    const real = sqlite(`${folder}/table.db`);
    const wrapped = (table: ReadTable): ReadTable =>
      through(table, {
        copy: async (...given: Parameters<ReadTable["copy"]>) => {
          begun.resolve();
          await state.answer;
          return table.copy(...given);
        },
      });
    const adapter: Adapter = { ...real, readTable: (name) => wrapped(real.readTable!(name)) };
    return { adapter, begun: begun.promise, state };
  }

  it("begins after the start; the old rows answer until then, and readers of newer ones wait", async () => {
    const folder = newFolder();
    const { adapter, begun, state } = held(folder);
    const first = await startBroker([thing(folder, { adapter })]);
    await append(first, "a");
    await caughtUp(first, "table");
    await first.stop();
    const gate = Promise.withResolvers<void>();
    state.answer = gate.promise;
    const broker = await startBroker([thing(folder, { adapter, fields: wider })]);
    await begun;
    await append(broker, "b");
    expect(await rowsOf(broker)).toEqual([{ id: "thing-1", name: "a", n: 1 }]);
    expect(await statusOf(broker)).toMatchObject({
      state: "waiting",
      cause: /is copied/,
      position: 1,
      stale: true,
      rebuilding: { done: 1, rate: 0 },
    });
    const read = broker.call("table.find", {}, { meta: { readAfter: { events: 2 } } });
    gate.resolve();
    expect(await read).toEqual([{ id: "thing-1", name: "b", n: 2, city: null }]);
  });

  it("is made again after an outage, and waits while the table is paused", async () => {
    const folder = newFolder();
    const { adapter, begun, state } = held(folder);
    const first = await startBroker([thing(folder, { adapter })]);
    await append(first, "a");
    await caughtUp(first, "table");
    await first.call("table.pause");
    await first.stop();
    world.calls = 0;
    state.answer = Promise.reject(new StoreUnavailableError("here", "is away"));
    state.answer.catch(() => {});
    const broker = await startBroker([thing(folder, { adapter, fields: indexed })]);
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "paused", stale: true }));
    await broker.call("table.resume");
    await begun;
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "waiting" }));
    expect(await rowsOf(broker)).toHaveLength(1);
    state.answer = Promise.resolve();
    await settled(broker);
    expect(world.calls).toBe(0);
  });
});
