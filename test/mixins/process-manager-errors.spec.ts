import { Errors } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { caughtUp, cleanUp, eventually, refusal, startBroker } from "../support/broker.ts";
import {
  happen,
  processesOf,
  Notes,
  parkedOf,
  processOf,
  processService,
  statusOf,
  taken,
  withStatus,
} from "./processes.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const note = "notes.note";
const poison = new Map<number, () => unknown>();
beforeEach(() => poison.clear());

/** Counts each event in the state and notes it; at some positions something happens first. */
const counting = (given: Partial<Parameters<typeof processService<number[]>>[1]> = {}, adapter = memory()) => {
  const seen: number[] = [];
  const service = () =>
    processService<number[]>(
      { adapter },
      {
        initialState: () => [],
        on: {
          "thing.*": async ({ position }, { state, end }) => {
            seen.push(position);
            await poison.get(position)?.();
            if (position === 100) end();
            return [...state, position];
          },
        },
        ...given,
      },
    );
  return { seen, service, adapter };
};

const failing = () => {
  throw Object.assign(new Error("no funds"), { code: 409, type: "NO_FUNDS" });
};

describe("An event that a process manager cannot handle", () => {
  it("is tried again, then its process is parked: later events of it wait, all others go on", async () => {
    const { seen, service } = counting({ onError: { retries: 2, delayMs: 1 } });
    const broker = await startBroker([service()]);
    poison.set(1, failing);
    const event = await happen(broker, "a");
    for (const process of ["b", "a", "a", "b"]) await happen(broker, process);
    await caughtUp(broker, "manager");
    expect(seen.toSorted((a, b) => a - b)).toEqual([1, 1, 1, 2, 5]);
    expect(await parkedOf(broker)).toEqual([
      {
        id: event.id,
        type: "thing.happened",
        stream: "s-a",
        version: 1,
        position: 1,
        process: "a",
        kind: "event",
        attempts: 3,
        error: { name: "Error", message: "no funds", code: 409, type: "NO_FUNDS" },
        parkedAt: expect.stringMatching(/Z$/) as string,
      },
    ]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", position: 5, parked: 1, cause: null });
    expect(await processesOf(broker)).toMatchObject([
      { id: "a", state: [], waiting: 2, parked: { position: 1 } },
      { id: "b", state: [2, 5], waiting: 0 },
    ]);
  });

  it("is handled by a retry, also after a restart, and then what has waited behind it, in order", async () => {
    const { seen, service } = counting();
    const broker = await startBroker([service()]);
    poison.set(1, failing);
    for (const process of ["a", "b", "a", "a"]) await happen(broker, process);
    await caughtUp(broker, "manager");
    await broker.stop();
    await broker.start();
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    seen.length = 0;
    expect(await refusal(() => broker.call("manager.retry", { process: "b" }))).toMatchObject({
      type: "UNKNOWN_PARKED_EVENT",
      data: { process: "b" },
    });
    expect(await broker.call("manager.retry", { process: "a" })).toEqual({ folded: 0, parked: 1 });
    expect(await parkedOf(broker)).toMatchObject([{ attempts: 3 }]);
    poison.clear();
    expect(await broker.call("manager.retry", { process: "a" })).toEqual({ folded: 4, parked: 0 });
    expect(seen).toEqual([1, 1, 3, 4, 5]);
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(await processOf(broker, "a")).toMatchObject({ state: [1, 3, 4, 5, 6], waiting: 0, parked: null });
  });

  it("hands its place to one that has waited and fails too", async () => {
    const { service } = counting();
    const broker = await startBroker([service()]);
    poison.set(1, failing).set(2, failing);
    for (const process of ["a", "a", "a"]) await happen(broker, process);
    await caughtUp(broker, "manager");
    poison.delete(1);
    expect(await broker.call("manager.retry")).toEqual({ folded: 1, parked: 1 });
    expect(await processOf(broker, "a")).toMatchObject({ state: [1], waiting: 1, parked: { position: 2 } });
    expect(await parkedOf(broker)).toMatchObject([{ position: 2 }]);
  });

  it("is given up by skip, and what has waited goes on", async () => {
    const { seen, service } = counting();
    const broker = await startBroker([service()]);
    poison.set(1, failing);
    const { id } = await happen(broker, "a");
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(await refusal(() => broker.call("manager.skip", { id: "x" }))).toMatchObject({
      type: "UNKNOWN_PARKED_EVENT",
    });
    expect(await broker.call("manager.skip", { id, reason: "a test" })).toEqual({ skipped: id, folded: 1, parked: 0 });
    expect(seen).toEqual([1, 1, 2]);
    expect(await processOf(broker, "a")).toMatchObject({ state: [2], waiting: 0 });
  });

  it("stops the manager when 20 were parked in a row, and resume goes on", async () => {
    const { service } = counting({ onError: { retries: 0 } });
    const broker = await startBroker([service()]);
    for (let position = 1; position <= 60; position++) poison.set(position, failing);
    for (let process = 1; process <= 60; process++) await happen(broker, `p-${process}`);
    const { cause, parked } = await withStatus(broker, { state: "stopped" });
    expect(cause).toContain("20 events in a row were parked; the last: no funds");
    expect(parked).toBeGreaterThanOrEqual(20);
    expect(parked).toBeLessThan(40);
    poison.clear();
    await broker.call("manager.resume");
    await caughtUp(broker, "manager");
    const handled = (await processesOf(broker)).filter((one) => one.parked === null);
    expect(handled).toHaveLength(60 - (await parkedOf(broker)).length);
    await broker.call("manager.retry");
    expect(await processesOf(broker)).toMatchObject(Array.from({ length: 60 }, () => ({ waiting: 0, parked: null })));
  });

  it.each([
    ["a state that JSON cannot hold", () => new Map(), "the state that the handler of thing.happened answers"],
    ["a state that is too large", () => "x".repeat(600_000), "expected at most 524288"],
  ])("fails with %s", async (_what, answer, message) => {
    const broker = await startBroker([
      processService<unknown>({ adapter: memory() }, { initialState: () => 0, on: { "thing.*": () => answer() } }),
    ]);
    await happen(broker, "a");
    await withStatus(broker, { parked: 1, lag: 0 });
    expect((await parkedOf(broker))[0]!.error!.message).toContain(message);
  });
});

describe("An event that belongs to no process that is known", () => {
  it.each([
    ["throws", () => failing(), "no funds"],
    ["answers an object", () => ({}), "the result of correlate for thing.lost"],
    ["answers nothing to see", () => "", "the result of correlate for thing.lost"],
    ["answers a promise", () => Promise.resolve("a"), "the result of correlate for thing.lost"],
  ])("since correlate %s, is parked by itself, and a retry brings it to its process", async (_how, lose, message) => {
    let isMended = false;
    const { service, adapter } = counting({
      correlate: ({ type, payload }) =>
        type === "thing.lost" && !isMended ? (lose() as string) : (payload["process"] as string),
    });
    const broker = await startBroker([service()]);
    const { id } = await happen(broker, "a", "thing.lost");
    await happen(broker, "a");
    await happen(broker, "b", "thing.lost");
    await caughtUp(broker, "manager");
    expect(await parkedOf(broker)).toMatchObject([
      { process: "", position: 1, error: { message: expect.stringContaining(message) as string } },
      { process: "", position: 3 },
    ]);
    expect(await processesOf(broker)).toMatchObject([{ id: "a", state: [2] }]);
    await broker.stop();
    await broker.start();
    await withStatus(broker, { state: "live", parked: 2 });
    expect(await broker.call("manager.retry", { id })).toEqual({ folded: 0, parked: 2 });
    isMended = true;
    expect(await broker.call("manager.retry", { id })).toEqual({ folded: 1, parked: 1 });
    expect(await processOf(broker, "a")).toMatchObject({ state: [2, 1], position: 2 });
    const [other] = await parkedOf(broker);
    await broker.call("manager.skip", { id: other!.id });
    expect(await parkedOf(broker)).toEqual([]);
    expect(adapter.engine).toBe("memory");
  });

  it("stops the manager when there are 20 of them one after the other", async () => {
    const { service } = counting({ correlate: failing });
    const broker = await startBroker([service()]);
    for (let count = 0; count < 30; count++) await happen(broker, "a");
    expect(await withStatus(broker, { state: "stopped" })).toMatchObject({ parked: 20, position: 20 });
  });
});

describe("A command that is refused", () => {
  const commanding = (notes: Notes, given: Partial<Parameters<typeof processService<string[]>>[1]>) =>
    startBroker([
      notes.service(),
      processService<string[]>(
        { adapter: memory() },
        {
          initialState: () => [],
          on: {
            "thing.*": async (_event, { call }) => {
              await call(note, { what: "withdraw" });
              await call(note, { what: "deposit" });
            },
          },
          ...given,
        },
      ),
    ]);

  it("parks the process; when it is not refused any more, a retry stores the others once", async () => {
    const notes = new Notes().fail("deposit");
    const broker = await commanding(notes, {});
    await happen(broker, "a");
    await withStatus(broker, { parked: 1, lag: 0 });
    notes.faults.clear();
    expect(await broker.call("manager.retry")).toEqual({ folded: 1, parked: 0 });
    expect(notes.asked).toEqual(["withdraw", "deposit", "withdraw", "deposit", "withdraw", "deposit"]);
    expect(await taken(broker)).toEqual(["withdraw", "deposit"]);
  });

  it("may be answered by another command", async () => {
    const notes = new Notes().fail("deposit", () => Object.assign(new Error("closed"), { type: "CLOSED" }));
    const broker = await commanding(notes, {
      on: {
        "thing.*": async (_event, { call }) => {
          await call(note, { what: "withdraw" });
          try {
            await call(note, { what: "deposit" });
          } catch (error) {
            await call(note, { what: `refund: ${(error as { type?: string }).type}` });
          }
        },
      },
    });
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(await taken(broker)).toEqual(["withdraw", "refund: CLOSED"]);
    expect(await parkedOf(broker)).toEqual([]);
  });

  it("stays refused once another command was sent in its place", async () => {
    const notes = new Notes().fail("deposit", () =>
      Object.assign(new Error("closed"), { type: "CLOSED", data: { x: 1 } }),
    );
    const errors: unknown[] = [];
    const broker = await commanding(notes, {
      on: {
        "thing.*": async (_event, { call }) => {
          try {
            await call(note, { what: "deposit" });
          } catch (error) {
            errors.push(error);
            await call(note, { what: "refund" });
            // The receiver of the first command is available again before this event is done.
            notes.faults.delete("deposit");
            if (errors.length === 1) throw new Error("died", { cause: error });
          }
        },
      },
    });
    await happen(broker, "a");
    await caughtUp(broker, "manager");
    expect(await taken(broker)).toEqual(["refund"]);
    expect(notes.asked).toEqual(["deposit", "refund", "refund"]);
    expect(errors[1]).toMatchObject({ name: "Error", message: "closed", type: "CLOSED", data: { x: 1 } });
  });

  it("is made up for by compensate, whose commands have ids of their own", async () => {
    const notes = new Notes().fail("deposit", () => Object.assign(new Error("closed"), { type: "CLOSED" }));
    const compensated: unknown[] = [];
    const broker = await commanding(notes, {
      async compensate(cause, error, { call, state }) {
        compensated.push({ cause: cause.id, error: error.type });
        await call(note, { what: "refund" });
        return [...state, "refunded"];
      },
    });
    const { id } = await happen(broker, "a");
    await happen(broker, "b");
    await caughtUp(broker, "manager");
    expect((await taken(broker)).toSorted()).toEqual(["refund", "refund", "withdraw", "withdraw"]);
    expect(compensated).toContainEqual({ cause: id, error: "CLOSED" });
    expect(await processesOf(broker)).toMatchObject([
      { id: "a", state: ["refunded"], parked: null },
      { id: "b", state: ["refunded"], parked: null },
    ]);
  });

  it("is not sent again once compensate has begun, also where that fails at first", async () => {
    const notes = new Notes().fail("deposit").fail("refund");
    const broker = await commanding(notes, {
      compensate: async (_cause, _error, { call }) => void (await call(note, { what: "refund" })),
    });
    await happen(broker, "a");
    await withStatus(broker, { parked: 1, lag: 0 });
    notes.faults.clear();
    notes.calls.length = 0;
    expect(await broker.call("manager.retry")).toEqual({ folded: 1, parked: 0 });
    expect(notes.asked).toEqual(["refund"]);
    expect(await taken(broker)).toEqual(["withdraw", "refund"]);
  });
});

describe("An outage of what a process manager needs", () => {
  it("as a missing action makes it wait, with a cause, until the action is there", async () => {
    const { seen, service } = counting({
      on: { "thing.*": (_event, { call }) => call<never>("late.handle") },
    });
    const broker = await startBroker([service()]);
    await happen(broker, "a");
    const { cause } = await withStatus(broker, { state: "waiting", parked: 0, position: 0 });
    expect(cause).toContain("late.handle");
    broker.createService({ name: "late", actions: { handle: () => void seen.push(1) } });
    await withStatus(broker, { state: "live", position: 1, cause: null, parked: 0 });
    expect(seen).toEqual([1]);
  });

  it("is no refusal, whatever the handler makes of it: nothing more is sent, and all of it comes again", async () => {
    const notes = new Notes().fail("deposit", () => new Errors.RequestTimeoutError({ action: "a.b", nodeID: "n" }));
    const broker = await startBroker([
      notes.service(),
      processService(
        { adapter: memory() },
        {
          on: {
            "thing.*": async (_event, { call }) => {
              await call(note, { what: "withdraw" });
              await call(note, { what: "deposit" }).catch(() => call(note, { what: "refund" }));
            },
          },
        },
      ),
    ]);
    await happen(broker, "a");
    await withStatus(broker, { state: "waiting", parked: 0 });
    await eventually(() => expect(notes.asked.length).toBeGreaterThan(4));
    notes.faults.clear();
    await caughtUp(broker, "manager");
    expect(await taken(broker)).toEqual(["withdraw", "deposit"]);
    expect(notes.asked).not.toContain("refund");
  });

  it("does not repeat what other processes have done meanwhile", async () => {
    const { seen, service } = counting({
      on: {
        "thing.*": async ({ position }, { call }) => {
          seen.push(position);
          if (position === 2) await call("late.handle");
          return [];
        },
      },
    });
    const broker = await startBroker([service()]);
    await broker.call("manager.pause");
    for (const process of ["a", "b", "c"]) await happen(broker, process);
    await broker.call("manager.resume");
    await eventually(() => expect(seen.filter((position) => position === 2).length).toBeGreaterThan(2));
    broker.createService({ name: "late", actions: { handle: () => {} } });
    await caughtUp(broker, "manager");
    expect(seen.filter((position) => position === 1)).toHaveLength(1);
    expect(seen.filter((position) => position === 3)).toHaveLength(1);
  });
});

describe("Processes that cause each other's events without end", () => {
  it("are parked at the depth that is allowed, with an error that shows the chain", async () => {
    const adapter = memory();
    const notes = new Notes();
    const broker = await startBroker([
      notes.service(adapter),
      processService(
        { adapter },
        {
          maxDepth: 12,
          correlate: ({ type }) => (type === "thing.else" ? null : "ring"),
          on: {
            "note.taken": (_event, { call }) => call(note, { what: "again" }),
            "thing.happened": (_event, { call }) => call(note, { what: "first" }),
          },
        },
      ),
    ]);
    await happen(broker, "a");
    await withStatus(broker, { parked: 1, lag: 0 });
    expect(await taken(broker)).toHaveLength(12);
    const [parked] = await parkedOf(broker);
    expect(parked).toMatchObject({
      process: "ring",
      position: 13,
      attempts: 1,
      error: { type: "CAUSATION_TOO_DEEP", data: { expected: 12, actual: 12 } },
    });
    const log: RecordedEvent[] = await eventsIn(broker.call("events.read"));
    expect((parked!.error!.data as { chain: unknown }).chain).toEqual(log.map(({ id, type }) => ({ id, type })));
    expect(parked!.error!.message).toBe(
      `manager: found 12 events behind this one, expected fewer than 12 (maxDepth): thing.happened${" → note.taken".repeat(4)} → 3 more${" → note.taken".repeat(5)}`,
    );
  });
});

describe("A command that is none", () => {
  it.each([
    ["no action", undefined, {}, "its action: found undefined, expected an action's name"],
    ["a number for an action", 42, {}, "its action: found 42, expected an action's name"],
    ["an empty action", "", {}, 'its action: found "", expected an action\'s name'],
    ["options that are none", note, null, "its options: found null, expected {timeout?, meta?}"],
  ])("for its %s, is an error of the event, and not waited for", async (_what, action, options, message) => {
    const { service } = counting({
      on: { "thing.*": (_event, { call }) => call<never>(action as string, {}, options as object) },
    });
    const broker = await startBroker([service()]);
    await happen(broker, "a");
    await withStatus(broker, { parked: 1, lag: 0 });
    expect((await parkedOf(broker))[0]!.error!.message).toBe(
      `manager: a command of the handler of thing.happened, ${message}`,
    );
  });
});
