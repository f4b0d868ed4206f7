import { ProcessManager, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { v5 } from "uuid";
import { caughtUp, cleanUp, eventually, newBroker, newFolder, refusal, startBroker } from "../support/broker.ts";
import { happen, processesOf, ms, Notes, parkedOf, processOf, processService, taken, withStatus } from "./processes.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const engines = [
  ["memory", () => memory()],
  ["SQLite", () => `sqlite:${newFolder()}/events.db`],
] as const;

describe.each(engines)("A process manager on %s", (_engine, place) => {
  it("gives each process its own state, kept over a restart", async () => {
    const adapter = place();
    const services = () => [
      processService(
        { adapter },
        {
          initialState: () => ({ seen: [] as number[] }),
          on: { "thing.**": ({ position }, { state }) => ({ seen: [...state.seen, position] }) },
        },
      ),
    ];
    const broker = await startBroker(services());
    for (const process of ["a", "b", "a"]) await happen(broker, process);
    await caughtUp(broker, "manager");
    await broker.stop();
    await broker.start();
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(await processesOf(broker)).toMatchObject([
      { id: "a", state: { seen: [1, 3, 4] }, position: 4, parked: null, waiting: 0, deadlines: [] },
      { id: "b", state: { seen: [2] }, position: 2 },
    ]);
    expect(await processesOf(broker, { after: "a" })).toMatchObject([{ id: "b" }]);
    expect(await processesOf(broker, { id: "b" })).toMatchObject([{ id: "b" }]);
    expect(await processesOf(broker, { id: "c" })).toEqual([]);
  });
});

describe("A process manager", () => {
  const place = () => ({ adapter: memory() });
  const note = { action: "notes.note" };

  it("sends commands that say where they come from, with ids that follow from the event", async () => {
    const notes = new Notes();
    const broker = await startBroker([
      notes.service(),
      processService(place(), {
        on: {
          "thing.*": async (_event, { call }) => {
            await call(note.action, { what: "one" }, { meta: { user: "ann", causationId: "own", $causationDepth: 0 } });
            await call(note.action, { what: "two" });
          },
        },
      }),
    ]);
    const event = await happen(broker, "a");
    await caughtUp(broker, "manager");
    const namespace = "8f0e3f4b-0c57-5d0a-9a43-b1f0c6a5d7e9";
    const ids = [1, 2].map((ordinal) =>
      v5(JSON.stringify([event.id, "manager", "handle", note.action, "", ordinal]), namespace),
    );
    expect(notes.calls.map(({ commandId }) => commandId)).toEqual(ids);
    expect(notes.calls[0]!.meta).toMatchObject({ user: "ann", causationId: event.id, $causationDepth: 1 });
    const stored: RecordedEvent[] = await eventsIn(broker.call("events.read", { stream: "notes" }));
    expect(stored.map(({ meta }) => meta)).toEqual(
      ids.map((id) => ({
        correlationId: event.meta.correlationId,
        causationId: event.id,
        $causationDepth: 1,
        $command: { id, name: note.action, hash: expect.stringMatching(/^1:/) as string },
      })),
    );
  });

  it("runs every handler whose pattern matches, each with the state that the one before it has answered", async () => {
    const notes = new Notes();
    const broker = await startBroker([
      notes.service(),
      processService(place(), {
        initialState: () => 0,
        on: {
          "thing.*": (_event, { state }) => state + 1,
          "thing.happened": async (_event, { state, call }) => void (await call(note.action, { what: `at ${state}` })),
          "**": ({ type }, { state }) => (type === "thing.happened" ? state * 10 : undefined),
        },
      }),
    ]);
    await happen(broker, "a");
    await eventually(async () => expect(await taken(broker)).toEqual(["at 1"]));
    await caughtUp(broker, "manager");
    expect(await processOf(broker, "a")).toMatchObject({ state: 10 });
  });

  it("passes over what concerns no process, and takes a number for one", async () => {
    const broker = await startBroker([
      processService(place(), {
        correlate: ({ payload }) => payload["number"] as number | null,
        initialState: () => 0,
        on: { "thing.**": (_event, { state }) => state + 1 },
      }),
    ]);
    await happen(broker, "a", "thing.happened", { number: 7 });
    await happen(broker, "a", "thing.happened", { number: null });
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(await processesOf(broker)).toMatchObject([{ id: "7", state: 1 }]);
  });

  it("hands out frozen events and states", async () => {
    const errors: unknown[] = [];
    const broker = await startBroker([
      processService(place(), {
        initialState: () => ({ deep: { x: 1 } }),
        on: {
          "thing.*": (event, { state }) => {
            for (const change of [() => (state.deep.x = 2), () => (event.payload["process"] = "b")])
              try {
                change();
              } catch (error) {
                errors.push(error);
              }
          },
        },
      }),
    ]);
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(errors).toEqual([expect.any(TypeError), expect.any(TypeError)]);
  });

  it("ends a process for good", async () => {
    const adapter = memory();
    const seen: number[] = [];
    const service = () =>
      processService<number, "late">(
        { adapter },
        {
          initialState: () => 0,
          on: {
            "thing.happened": ({ position }, { schedule }) => {
              seen.push(position);
              schedule("late", 500);
            },
            "thing.ended": (_event, { end }) => end(),
          },
          deadlines: { late: () => void seen.push(-1) },
        },
      );
    const broker = await startBroker([service()]);
    await happen(broker, "a");
    await happen(broker, "a", "thing.ended");
    await happen(broker, "a");
    await happen(broker, "b");
    await caughtUp(broker, "manager");
    await broker.stop();
    await broker.start();
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    await eventually(() => expect(seen).toEqual([1, 4, -1]));
    expect(await processesOf(broker)).toMatchObject([{ id: "b" }]);
  });

  it("that starts at current passes over what is there, and only that", async () => {
    const adapter = memory();
    const seen: number[] = [];
    const on = { "thing.*": ({ position }: RecordedEvent) => void seen.push(position) };
    const filler = await startBroker([processService({ adapter, hosts: "store" }, { on })]);
    await happen(filler, "a");
    await filler.stop();
    const broker = await startBroker([processService({ adapter }, { on, startFrom: "current" })]);
    await withStatus(broker, { state: "live", position: 1 });
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(seen).toEqual([2]);
  });

  it("that starts at a position begins after the event there", async () => {
    const adapter = memory();
    const seen: number[] = [];
    const on = { "thing.*": ({ position }: RecordedEvent) => void seen.push(position) };
    const filler = await startBroker([processService({ adapter, hosts: "store" }, { on })]);
    await happen(filler, "a");
    await happen(filler, "a");
    await filler.stop();
    const broker = await startBroker([processService({ adapter }, { on, startFrom: { position: 1 } })]);
    await caughtUp(broker, "manager");
    expect(seen).toEqual([2]);
  });

  it("handles the events of 30 processes at the same time, some at a time, and each process's in their order", async () => {
    const [order, running] = [new Map<string, number[]>(), new Set<string>()];
    let most = 0;
    const broker = await startBroker([
      processService(place(), {
        on: {
          "thing.*": async ({ payload, position }) => {
            const process = payload["process"] as string;
            expect(running.has(process)).toBe(false);
            running.add(process);
            most = Math.max(most, running.size);
            await new Promise((turn) => setTimeout(turn, 2));
            order.set(process, [...(order.get(process) ?? []), position]);
            running.delete(process);
          },
        },
      }),
    ]);
    await broker.call("manager.pause");
    for (let round = 0; round < 90; round++) await happen(broker, `p-${round % 30}`);
    await broker.call("manager.resume");
    await caughtUp(broker, "manager");
    expect(most).toBeGreaterThan(8);
    expect(most).toBeLessThanOrEqual(16);
    for (const positions of order.values()) expect(positions).toEqual(positions.toSorted((a, b) => a - b));
    expect([...order.values()].flat()).toHaveLength(90);
  });

  it("awaits a command that its handler has not awaited", async () => {
    const notes = new Notes().fail("forgotten");
    const broker = await startBroker([
      notes.service(),
      processService(place(), {
        on: { "thing.*": (_event, { call }) => void call(note.action, { what: "forgotten" }) },
      }),
    ]);
    await happen(broker, "a");
    const { parked } = await withStatus(broker, { lag: 0, position: 1 });
    expect(parked).toBe(1);
  });

  it("awaits those that follow from one that its handler has not awaited, too", async () => {
    const notes = new Notes().fail("second");
    const broker = await startBroker([
      notes.service(),
      processService(place(), {
        on: {
          "thing.*": (_event, { call }) => {
            void call(note.action, { what: "first" }).then(() => void call(note.action, { what: "second" }));
          },
        },
      }),
    ]);
    await happen(broker, "a");
    expect(await withStatus(broker, { parked: 1, lag: 0 })).toMatchObject({ state: "live" });
  });

  it("does not pass over a refusal that the handler has not awaited, even if it came before the handler's end", async () => {
    const notes = new Notes().fail("forgotten").fail("expected");
    const broker = await startBroker([
      notes.service(),
      processService(place(), {
        on: {
          "thing.*": async (_event, { call }) => {
            const expected = call(note.action, { what: "expected" });
            void call(note.action, { what: "forgotten" });
            await call(note.action, { what: "other" });
            await expected.catch(() => {});
          },
        },
      }),
    ]);
    await happen(broker, "a");
    await withStatus(broker, { lag: 0, parked: 1 });
    expect(await parkedOf(broker)).toMatchObject([{ error: { message: "forgotten failed" } }]);
  });

  it("begins nothing else for an event while a command of its handler is still under way", async () => {
    const notes = new Notes().fail("quick");
    const steps: string[] = [];
    notes.faults.set("slow", async () => {
      steps.push("slow begins");
      await ms(50);
      steps.push("slow ends");
    });
    const broker = await startBroker([
      notes.service(),
      processService(place(), {
        onError: { retries: 0 },
        on: {
          "thing.*": (_event, { call }) =>
            Promise.all([call(note.action, { what: "quick" }), call(note.action, { what: "slow" })]),
        },
        compensate: () => void steps.push("compensated"),
      }),
    ]);
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(steps).toEqual(["slow begins", "slow ends", "compensated"]);
  });

  it("reads in a command's table what the command before it has stored", async () => {
    const { Aggregate } = await import("moleculer-event-sourcing");
    const adapter = memory();
    const events = EventStore("events", { adapter });
    const table = Aggregate("table", { eventStore: events, adapter: memory(), fields: { what: "string" } })
      .on("note.taken")
      .create(({ id, payload }) => ({ id, ...payload }));
    const found: unknown[] = [];
    const broker = await startBroker([
      new Notes().service(),
      { name: "tables", mixins: [table.mixin()] },
      processService(
        { adapter },
        {
          on: {
            "thing.*": async (_event, { call }) => {
              await call(note.action, { what: "one" });
              found.push(await call("table.count"));
            },
          },
        },
      ),
    ]);
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(found).toEqual([1]);
  });
});

describe("The definition of a process manager", () => {
  const eventStore = EventStore("events", { adapter: "sqlite:unused.db" });
  const fn = () => null;
  const good = { eventStore, correlate: fn, on: { "a.b": fn } };

  it.each([
    ["ProcessManager.name", "a b", good],
    ["pm.eventStore", "pm", { ...good, eventStore: undefined }],
    ["pm.corelate", "pm", { ...good, corelate: fn }],
    ["pm.correlate", "pm", { ...good, correlate: "id" }],
    ["pm.initialState", "pm", { ...good, initialState: {} }],
    ["pm.initialState", "pm", { ...good, initialState: () => undefined }],
    ["pm.initialState", "pm", { ...good, initialState: () => ({ since: new Date() }) }],
    ["pm.initialState", "pm", { ...good, initialState: () => Promise.resolve({}) }],
    ["pm.initialState", "pm", { ...good, initialState: () => JSON.parse("{") as object }],
    ["pm.on", "pm", { ...good, on: undefined }],
    ["pm.on", "pm", { ...good, on: {} }],
    ["pm.on", "pm", { ...good, on: [fn] }],
    ['pm.on["a.b"]', "pm", { ...good, on: { "a.b": "mail.send" } }],
    ["pm.deadlines", "pm", { ...good, deadlines: [] }],
    ['pm.deadlines["late"]', "pm", { ...good, deadlines: { late: 5 } }],
    ["pm.compensate", "pm", { ...good, compensate: "undo" }],
    ["pm.maxDepth", "pm", { ...good, maxDepth: 0 }],
    ["pm.maxDepth", "pm", { ...good, maxDepth: 10_001 }],
    ["pm.startFrom", "pm", { ...good, startFrom: "end" }],
    ["pm.startFrom.position", "pm", { ...good, startFrom: { position: 1.5 } }],
    ["pm.onError.retrys", "pm", { ...good, onError: { retrys: 1 } }],
  ])("names what is wrong with %s", async (field, name, options) => {
    const error = await refusal(() => (ProcessManager as (name: string, options: object) => unknown)(name, options));
    expect(error).toMatchObject({ type: "DEFINITION", code: 500 });
    expect(error.message.startsWith(`${field}: found `)).toBe(true);
  });

  it("is refused for a type that the store's catalogue refuses", async () => {
    const store = EventStore("strict", { adapter: memory(), events: { "a.b": {} }, unknownTypes: "refuse" });
    const define = ProcessManager as (name: string, options: object) => unknown;
    const error = await refusal(() => define("pm", { eventStore: store, correlate: fn, on: { "a.c": fn } }));
    expect(error.message).toContain('pm.on: found "a.c", expected one of the store\'s types a.b');
  });

  it("is refused where another of its name is there already", async () => {
    const store = EventStore("events", { adapter: memory() });
    const [one, two] = [1, 2].map(() => ProcessManager("pm", { ...good, eventStore: store }));
    const broker = newBroker();
    broker.createService({ name: "first", mixins: [store.mixin(), one!.mixin()] });
    expect(await refusal(() => broker.createService({ name: "second", mixins: [two!.mixin()] }))).toMatchObject({
      type: "NAME_TAKEN",
    });
  });
});
