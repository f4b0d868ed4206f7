import { memory } from "moleculer-event-sourcing/adapters/memory";
import { Errors } from "moleculer";
import type { Adapter, Deadline, ProcessView } from "moleculer-event-sourcing";
import { v5 } from "uuid";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import {
  happen,
  processesOf,
  ms,
  Notes,
  parkedOf,
  processOf,
  processService,
  statusOf,
  taken,
  withStatus,
} from "./processes.ts";

afterEach(cleanUp);

interface Fired extends Deadline {
  at: number;
}

type View = ProcessView<string[], "late" | "later">;

/** Sets, replaces and cancels deadlines according to its events; records fired ones, in order with the events. */
function world(adapter: string | Adapter = memory(), given: object = {}) {
  const fired: Fired[] = [];
  const order: string[] = [];
  const faults = new Map<string, () => unknown>();
  const fire = async (deadline: Deadline, { state }: View): Promise<string[]> => {
    fired.push({ ...deadline, at: Date.now() });
    order.push(deadline.name);
    await faults.get(deadline.name)?.();
    return [...state, deadline.name];
  };
  const service = () =>
    processService<string[], "late" | "later">(
      { adapter },
      {
        initialState: () => [],
        on: {
          "timer.set": ({ payload: { name = "late", when, data } }, { schedule }) => {
            order.push("set");
            schedule(name as "late", when as number, data);
          },
          "timer.cancelled": ({ payload: { name = "late" } }, { cancel }) => cancel(name as "late"),
          "thing.happened": ({ type }, { state }) => {
            order.push(type);
            return [...state, type];
          },
          "thing.ended": (_event, { end }) => end(),
        },
        deadlines: { late: fire, later: fire },
        ...given,
      },
    );
  return { service, fired, order, faults };
}

describe.each([
  ["memory", () => memory()],
  ["SQLite", () => `sqlite:${newFolder()}/events.db`],
])("A deadline on %s", (_engine, place) => {
  it("fires once, in time, with what it was set with", async () => {
    const { service, fired } = world(place());
    const broker = await startBroker([service()]);
    const event = await happen(broker, "a", "timer.set", { when: 60, data: { x: [1] } });
    await eventually(() => expect(fired).toHaveLength(1));
    const when = Date.parse(event.time) + 60;
    const namespace = "8f0e3f4b-0c57-5d0a-9a43-b1f0c6a5d7e9";
    expect(fired[0]).toEqual({
      id: v5(JSON.stringify([event.id, "manager", "deadline", "late", 1]), namespace),
      name: "late",
      when: new Date(when).toISOString(),
      data: { x: [1] },
      at: expect.any(Number) as number,
    });
    expect(fired[0]!.at).toBeGreaterThanOrEqual(when);
    expect(fired[0]!.at).toBeLessThan(when + 500);
    await eventually(async () =>
      expect(await processOf(broker, "a")).toMatchObject({ state: ["late"], deadlines: [] }),
    );
    await ms(100);
    expect(fired).toHaveLength(1);
  });

  it("survives a restart, fires then if its moment has passed, and never again", async () => {
    const { service, fired } = world(place());
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when: 500 });
    await happen(broker, "b", "timer.set", { when: 3_600_000 });
    await caughtUp(broker, "manager");
    await broker.stop();
    await ms(600);
    expect(fired).toEqual([]);
    await broker.start();
    await eventually(() => expect(fired).toHaveLength(1));
    await broker.stop();
    await broker.start();
    await withStatus(broker, { state: "live", lag: 0 });
    await ms(50);
    expect(fired).toHaveLength(1);
    expect(await processesOf(broker)).toMatchObject([
      { id: "a", state: ["late"], deadlines: [] },
      { id: "b", state: [], deadlines: [{ name: "late" }] },
    ]);
  });
});

describe("A deadline", () => {
  it.each([
    ["as a Date's text", "2001-01-01T00:00:00.000Z"],
    ["as a time with an offset", "2001-01-01T02:00:00+02:00"],
    ["as a day", "2001-01-01"],
    ["as milliseconds", -3_600_000],
    ["as a duration", { days: -1, hours: 12, minutes: 5.5, seconds: 3, ms: 1 }],
  ])("in the past, given %s, fires at once and once", async (_how, when) => {
    const { service, fired } = world();
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when });
    await eventually(() => expect(fired).toHaveLength(1));
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(fired).toHaveLength(1);
  });

  it.each([
    ["a moment as a number", Date.now(), "at most 10 years"],
    ["a time without a zone", "2001-01-01T00:00:00", "an ISO 8601 time with its zone"],
    ["a day that does not exist", "2030-02-30", "an ISO 8601 time with its zone"],
    ["a year of five digits", "20300-01-01", "an ISO 8601 time with its zone"],
    ["a duration of an unknown unit", { day: 1 }, "{days, hours, minutes, seconds, ms}"],
    ["a duration of a text", { days: "1" }, "{days, hours, minutes, seconds, ms}"],
    ["a duration without parts", {}, "{days, hours, minutes, seconds, ms}"],
    ["a duration of eleven years", { days: 4018 }, "at most 10 years"],
    ["no time", "soon", "an ISO 8601 time with its zone"],
    ["nothing", null, "an ISO 8601 time with its zone"],
  ])("with %s is an error of the event", async (_what, when, message) => {
    const { service } = world();
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when });
    await withStatus(broker, { parked: 1, lag: 0 });
    expect((await parkedOf(broker))[0]!.error!.message).toContain(message);
    expect((await parkedOf(broker))[0]!.error!.message).toContain("manager: deadline late, when: found ");
  });

  it("without a handler is an error of the event that names those that there are", async () => {
    const { service } = world();
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { name: "toString", when: 1 });
    await withStatus(broker, { parked: 1, lag: 0 });
    expect((await parkedOf(broker))[0]!.error!.message).toContain(
      'a deadline\'s name: found "toString", expected one with a handler: late, later',
    );
  });

  it("is replaced by one of the same name, and cancelled by its name", async () => {
    const { service, fired } = world();
    const broker = await startBroker([service()]);
    // Late enough for a slow machine to finish before they fire.
    await happen(broker, "a", "timer.set", { when: 30_000, data: 1 });
    await happen(broker, "a", "timer.set", { when: 60, data: 2 });
    await happen(broker, "a", "timer.set", { name: "later", when: 30_000 });
    await happen(broker, "a", "timer.cancelled", { name: "later" });
    await eventually(() => expect(fired).toHaveLength(1));
    await caughtUp(broker, "manager");
    expect(fired).toMatchObject([{ name: "late", data: 2 }]);
    expect(await processesOf(broker)).toMatchObject([{ id: "a", deadlines: [] }]);
  });

  it("does not fire when its process has ended", async () => {
    const { service, fired } = world();
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when: 400 });
    await happen(broker, "a", "thing.ended");
    await caughtUp(broker, "manager");
    await ms(600);
    expect(fired).toEqual([]);
    expect(await processesOf(broker)).toEqual([]);
  });

  it("comes after the events that came in time, and before those that came after it, also when all are late", async () => {
    const { service, order } = world();
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when: 1500 });
    await caughtUp(broker, "manager");
    await broker.call("manager.pause");
    await happen(broker, "a");
    await ms(1600);
    await happen(broker, "a");
    expect(order).toEqual(["set"]);
    await broker.call("manager.resume");
    await caughtUp(broker, "manager");
    expect(order).toEqual(["set", "thing.happened", "late", "thing.happened"]);
  });

  it("can set itself again, in time with its own moment", async () => {
    const { service, fired } = world(memory(), {
      deadlines: {
        late: (deadline: Deadline, { schedule }: View) => {
          fired.push({ ...deadline, at: 0 });
          if (fired.length < 4) schedule("late", 20);
        },
      },
    });
    const broker = await startBroker([service()]);
    const { time } = await happen(broker, "a", "timer.set", { when: 20 });
    await eventually(() => expect(fired).toHaveLength(4));
    expect(fired.map(({ when }) => Date.parse(when) - Date.parse(time))).toEqual([20, 40, 60, 80]);
    expect(new Set(fired.map(({ id }) => id)).size).toBe(4);
  });

  it("that sets itself again in the past leaves everybody else a turn", async () => {
    const { service, order } = world(memory(), {
      deadlines: { late: (_deadline: Deadline, { schedule }: View) => schedule("late", 0) },
    });
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when: 0 });
    await happen(broker, "b");
    await eventually(() => expect(order).toContain("thing.happened"));
    await broker.call("manager.pause");
    expect(await statusOf(broker)).toMatchObject({ state: "paused" });
  });

  it("sends commands whose cause is the event that has set it", async () => {
    const notes = new Notes();
    const adapter = memory();
    const { service } = world(adapter, {
      deadlines: {
        late: async (_deadline: Deadline, { call }: View) => void (await call("notes.note", { what: "late" })),
      },
    });
    const broker = await startBroker([notes.service(adapter), service()]);
    const { id, meta } = await happen(broker, "a", "timer.set", { when: 10 });
    await eventually(() => expect(notes.calls).toHaveLength(1));
    const { correlationId } = meta;
    expect(notes.calls[0]!.meta).toMatchObject({ causationId: id, correlationId, $causationDepth: 1 });
  });

  it("that fails parks its process; a retry fires it and handles what has waited, a skip gives it up", async () => {
    const { service, order, faults } = world();
    const broker = await startBroker([service()]);
    faults.set("late", () => Promise.reject(new Error("not yet")));
    await happen(broker, "a", "timer.set", { when: 10 });
    await happen(broker, "b", "timer.set", { when: 10 });
    await withStatus(broker, { parked: 2 });
    await happen(broker, "a");
    await happen(broker, "b");
    await caughtUp(broker, "manager");
    const parked = await parkedOf(broker);
    expect(parked).toMatchObject([
      { kind: "deadline", type: "late", position: 0, stream: "", attempts: 2, error: { message: "not yet" } },
      { kind: "deadline", type: "late" },
    ]);
    await broker.stop();
    await broker.start();
    await withStatus(broker, { state: "live", parked: 2 });
    faults.clear();
    order.length = 0;
    expect(await broker.call("manager.retry", { process: "a" })).toEqual({ folded: 2, parked: 1 });
    expect(order).toEqual(["late", "thing.happened"]);
    const { id } = (await parkedOf(broker))[0]!;
    expect(await broker.call("manager.skip", { id })).toEqual({ skipped: id, folded: 1, parked: 0 });
    expect(await processesOf(broker)).toMatchObject([
      { id: "a", state: ["late", "thing.happened"], deadlines: [], waiting: 0 },
      { id: "b", state: ["thing.happened"], deadlines: [], waiting: 0 },
    ]);
  });

  it("that was begun is done before an event that comes then, and goes the same way, also on a clock set back", async () => {
    const adapter = memory();
    const notes = new Notes().fail("deposit").fail("refund", () => new Errors.ServiceNotFoundError({ action: "bank" }));
    const order: string[] = [];
    const service = processService<undefined, "late">(
      { adapter },
      {
        on: {
          "timer.set": (_event, { schedule }) => schedule("late", 1000),
          "thing.happened": () => void order.push("event"),
        },
        deadlines: {
          late: async (_deadline, { call }) => {
            await call("notes.note", { what: "deposit" }).catch(() => call("notes.note", { what: "refund" }));
            order.push("late");
          },
        },
      },
    );
    const broker = await startBroker([notes.service(adapter), service]);
    await happen(broker, "a", "timer.set");
    await withStatus(broker, { state: "waiting" });
    const RealDate = Date;
    try {
      globalThis.Date = class extends RealDate {
        constructor(...given: unknown[]) {
          super(...((given.length === 0 ? [RealDate.now() - 800] : given) as [number]));
        }
        static override now = () => RealDate.now() - 800;
      } as DateConstructor;
      await happen(broker, "a");
      const before = notes.calls.length;
      await eventually(() => expect(notes.calls.length).toBeGreaterThan(before + 1));
      notes.faults.clear();
      await withStatus(broker, { state: "live", lag: 0 });
    } finally {
      globalThis.Date = RealDate;
    }
    await eventually(() => expect(order).toEqual(["late", "event"]));
    expect(await taken(broker)).toEqual(["refund"]);
  });

  it("that has no handler any more parks its process, and is not made up for", async () => {
    const adapter = memory();
    const compensated: unknown[] = [];
    const { service } = world(adapter);
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when: 100 });
    await caughtUp(broker, "manager");
    await broker.stop();
    const compensate = (cause: unknown) => void compensated.push(cause);
    const again = await startBroker([
      processService({ adapter }, { on: { "timer.cancelled": () => null }, compensate }),
    ]);
    await withStatus(again, { parked: 1 });
    expect((await parkedOf(again))[0]).toMatchObject({
      kind: "deadline",
      error: { message: "manager: there is no handler of deadline late (any more)" },
    });
    expect(compensated).toEqual([]);
  });

  it("does not fire while the manager is paused", async () => {
    const { service, fired } = world();
    const broker = await startBroker([service()]);
    await happen(broker, "a", "timer.set", { when: 50 });
    await caughtUp(broker, "manager");
    await broker.call("manager.pause");
    await ms(120);
    expect(fired).toEqual([]);
    await broker.call("manager.resume");
    await eventually(() => expect(fired).toHaveLength(1));
  });
});
