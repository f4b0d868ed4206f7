import type { Adapter } from "moleculer-event-sourcing";
import type { ServiceBroker } from "moleculer";
import { CrashKit, type CrashPoint } from "moleculer-event-sourcing/testing";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { happen, processesOf, Notes, parkedOf, processService, taken } from "../mixins/processes.ts";

afterEach(cleanUp);

const note = "notes.note";

/**
 * Two transfers whose deposit is refused, but only until the process crashes: a new attempt from the start would get
 * another result. One compensates in its handler, the other by `compensate`. A deadline follows.
 */
function transfers(adapter: Adapter) {
  const notes = new Notes();
  for (const what of ["deposit handled", "deposit compensated"]) notes.fail(what);
  const service = () =>
    processService<string[], "late">(
      { adapter },
      {
        initialState: () => [],
        on: {
          "transfer.begun": async ({ payload: { process } }, { state, call, schedule }) => {
            await call(note, { what: `withdraw ${process as string}` });
            schedule("late", 0);
            if (process === "handled")
              await call(note, { what: `deposit ${process}` }).catch(() => call(note, { what: `refund ${process}` }));
            else await call(note, { what: `deposit ${process as string}` });
            return [...state, "begun"];
          },
          "transfer.counted": (_event, { state }) => [...state, "counted"],
        },
        deadlines: {
          late: async (_deadline, { id, state, call, end }) => {
            await call(note, { what: `late ${id} after ${state.join()}` });
            end();
          },
        },
        async compensate(_cause, _error, { id, state, call, schedule }) {
          await call(note, { what: `refund ${id}` });
          schedule("late", 0);
          return [...state, "begun"];
        },
      },
    );
  return { notes, services: () => [notes.service(adapter), service()] };
}

/** Waits until every process has ended or `isOver`. */
async function finished(broker: ServiceBroker, isOver = () => false): Promise<void> {
  await eventually(async () => {
    if (isOver()) return;
    await caughtUp(broker, "manager");
    expect(await parkedOf(broker)).toEqual([]);
    expect(await processesOf(broker)).toEqual([]);
  });
}

/** Crashes at the point if it is reached; returns the events that the commands have stored in the end. */
async function crashedAt(real: Adapter, point: CrashPoint, after: number) {
  const crash = new CrashKit();
  const { notes, services } = transfers(crash.adapter(real));
  const broker = await startBroker(services());
  await caughtUp(broker, "manager");
  await broker.call("manager.pause");
  for (const process of ["handled", "compensated"]) await happen(broker, process, "transfer.begun");
  await happen(broker, "handled", "transfer.counted");
  crash.at(point, { after });
  let hasCrashed = false;
  const happened = crash.happened.then(() => (hasCrashed = true));
  // The crash may come before the response.
  await broker.call("manager.resume").catch(() => {});
  await Promise.race([happened, finished(broker, () => hasCrashed)]);
  await broker.stop();
  crash.revive();
  notes.faults.clear();
  const again = await startBroker(services());
  // The crashed node's lease has not lapsed yet.
  await finished(again);
  const all = await taken(again);
  await again.stop();
  return { hasCrashed, all };
}

describe.each([
  ["memory", () => memory()],
  ["SQLite", () => sqlite(`${newFolder()}/events.db`)],
])("A process manager on %s that dies between any two steps", (_engine, place) => {
  it.each([
    ["appended", 4],
    ["state written", 10],
  ] as const)(
    'with a crash at each time "%s", has each effect once, and goes the way that it has begun',
    async (point, most) => {
      const times = Array.from({ length: most + 4 }, (_, index) => index + 1);
      const runs = await Promise.all(times.map((after) => crashedAt(place(), point, after)));
      let crashes = 0;
      for (const [index, { hasCrashed, all }] of runs.entries()) {
        if (hasCrashed) crashes++;
        const at = `after ${index + 1} times ${point}`;
        expect({ at, all: new Set(all).size }).toEqual({ at, all: all.length });
        for (const process of ["handled", "compensated"]) {
          const own = all.filter((what) => what.includes(process));
          // A deposit or a refund: exactly one of them.
          const ways = own.filter((what) => what.startsWith("deposit") || what.startsWith("refund"));
          const late = own.filter((what) => what.startsWith("late"));
          expect({
            at,
            process,
            withdrawn: own.filter((what) => what.startsWith("withdraw")).length,
            ways: ways.length,
            late: late.length,
          }).toEqual({ at, process, withdrawn: 1, ways: 1, late: 1 });
          expect(late[0]).toContain("begun");
        }
      }
      expect(crashes).toBeGreaterThanOrEqual(most);
    },
    90_000,
  );
});
