import {
  Decider,
  EventStore,
  type EventCatalogue,
  type LogVerification,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { v7 } from "uuid";
import { cleanUp, newFolder, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

interface Options {
  adapter?: string;
  catalogue?: EventCatalogue;
  hasDecider?: boolean;
}

function start({ adapter = "memory:", catalogue, hasDecider = true }: Options = {}): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter, ...(catalogue && { events: catalogue }) });
  const counter = Decider("counter", {
    eventStore: events,
    stream: (id) => `counter-of/${id}`,
    initialState: () => ({ sum: 0 }),
    commands: { add: { params: { n: "number" }, decide: (_, { n }) => ({ type: "counter.added", payload: { n } }) } },
    evolve: { "counter.added": ({ sum }, { payload }) => ({ sum: sum + Number(payload["n"]) }) },
    stateSnapshots: { every: 2, version: 1 },
  });
  const mixins = hasDecider ? [events.mixin(), counter.mixin()] : [events.mixin()];
  return startBroker([{ name: "counter", mixins }]);
}

const verify = (broker: ServiceBroker): Promise<LogVerification> => broker.call("events.verify");

/** Five events of one entity, with state snapshots of versions 2 and 4. */
async function counted(broker: ServiceBroker): Promise<RecordedEvent> {
  for (let n = 1; n <= 5; n++) await broker.call("counter.add", { id: "1", n });
  const [last] = await eventsIn(
    broker.call<{ events: RecordedEvent[] }, object>("events.read", { backward: true, limit: 1 }),
  );
  return last!;
}

const key = "counter/counter-of/1";

const save = (broker: ServiceBroker, { id: eventId, position, time, version }: RecordedEvent, other: object) =>
  broker.call(
    "$events.saveSnapshot",
    {
      key,
      snapshot: { definition: "version 1", version, position, time, eventId, state: { sum: 15 }, ...other },
    },
    spoken,
  );

describe.each(["memory:", "sqlite:"])("The verification of the state snapshots of a store on %s", (engine) => {
  const started = (options: Options = {}) =>
    start({ adapter: engine === "memory:" ? engine : `sqlite:${newFolder()}/events.db`, ...options });

  it("finds nothing where each is what its decider folds", async () => {
    const broker = await started();
    await save(broker, await counted(broker), {});
    expect(await verify(broker)).toEqual({ ok: true, position: 5, streams: 1, problems: [], total: 0, unchecked: [] });
  });

  it("finds a state that does not follow from the events", async () => {
    const broker = await started();
    await save(broker, await counted(broker), { state: { sum: 1_000_000 } });
    expect(await verify(broker)).toMatchObject({
      ok: false,
      total: 1,
      problems: [
        {
          position: 5,
          field: "snapshot",
          found: { key, version: 5, state: { sum: 1_000_000 } },
          expected: { state: { sum: 15 } },
        },
      ],
    });
  });

  it.each([
    ["of an event that is not there", { eventId: v7() }],
    ["of another position", { position: 4 }],
    ["of a version that the stream does not have", { version: 9 }],
  ])("finds one %s, whether its decider is known or not", async (_, other) => {
    for (const definition of ["version 1", "version 7"]) {
      const broker = await started();
      const last = await counted(broker);
      await save(broker, last, { definition, ...other });
      const expected = "version" in other ? null : { eventId: last.id, position: 5 };
      const { ok, problems } = await verify(broker);
      expect([ok, problems]).toMatchObject([false, [{ field: "snapshot", found: { key, ...other }, expected }]]);
    }
  });

  it("compares no state that another definition has folded", async () => {
    const broker = await started();
    await save(broker, await counted(broker), { definition: "version 7", state: { sum: 1 } });
    expect(await verify(broker)).toMatchObject({ ok: true });
  });

  it("names a decider that is not on the node, whose states are not compared", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const before = await start({ adapter });
    await save(before, await counted(before), { state: { sum: 1_000_000 } });
    await before.stop();
    const broker = await start({ adapter, hasDecider: false });
    const unchecked = [{ field: "snapshot", name: "counter", why: "decider counter is not on this node" }];
    expect(await verify(broker)).toMatchObject({ ok: true, unchecked });
  });
});

describe("The verification of a log", () => {
  it("lists events that today's catalogue cannot read", async () => {
    const adapter = `sqlite:${newFolder()}/events.db`;
    const before = await start({ adapter, hasDecider: false });
    const old = {
      stream: "a",
      events: [
        { type: "thing.old", payload: {} },
        { type: "thing.new", payload: {} },
      ],
    };
    await before.call("events.append", old);
    await before.stop();
    const broker = await start({ adapter, hasDecider: false, catalogue: { "thing.old": { schemaVersion: 2 } } });
    expect(await verify(broker)).toMatchObject({
      ok: false,
      total: 1,
      problems: [
        {
          position: 1,
          field: "payload",
          found: expect.stringContaining("no upcaster from version 1 to 2") as string,
          expected: "one that the catalogue can upcast",
        },
      ],
    });
  });
});
