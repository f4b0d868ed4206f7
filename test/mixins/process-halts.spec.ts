import { Errors } from "moleculer";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { caughtUp, cleanUp, eventually, startBroker } from "../support/broker.ts";
import { happen, Notes, processService, withStatus } from "./processes.ts";
import { processesIn } from "../support/pages.ts";

afterEach(cleanUp);

const names = Array.from({ length: 40 }, (_, index) => `p${index}`);

describe("A process manager that halts in the middle of a page", () => {
  it("passes over no event of it, also where one that was under way succeeds after the one that made it halt", async () => {
    const adapter = memory();
    const seen: string[] = [];
    const failed = Promise.withResolvers<void>();
    let isPoisoned = true;
    const service = processService(
      { adapter },
      {
        onError: { retries: 0, maxParkedInARow: 1 },
        on: {
          "thing.happened": async (_event, { id }) => {
            if (id === "p0" && isPoisoned) {
              isPoisoned = false;
              failed.resolve();
              throw new Error("poison");
            }
            if (id === "p1") {
              await failed.promise;
              await withStatus(broker, { parked: 1 });
            }
            seen.push(id);
          },
        },
      },
    );
    const broker = await startBroker([service]);
    await broker.call("manager.pause");
    for (const name of names) await happen(broker, name);
    await broker.call("manager.resume");
    await eventually(() => expect(seen).toContain("p1"));
    await eventually(async () => {
      if ((await withStatus(broker, {})).state === "stopped") await broker.call("manager.resume");
      await withStatus(broker, { lag: 0, state: "live" });
    });
    await broker.call("manager.retry");
    expect(seen.toSorted()).toEqual(names.toSorted());
  });

  it("fires each deadline that was due then, when it goes on", async () => {
    const adapter = memory();
    const fired: string[] = [];
    let isOut = true;
    const moment = new Date(Date.now() + 1000);
    const service = processService<undefined, "late">(
      { adapter },
      {
        on: { "thing.happened": (_event, { schedule }) => schedule("late", moment) },
        deadlines: {
          late: (_deadline, { id }) => {
            if (isOut) throw new Errors.ServiceNotFoundError({ action: "mail.send" });
            fired.push(id);
          },
        },
      },
    );
    const broker = await startBroker([service]);
    for (const name of names) await happen(broker, name);
    await caughtUp(broker, "manager");
    await withStatus(broker, { state: "waiting" });
    isOut = false;
    await withStatus(broker, { state: "live" });
    await eventually(() => expect(fired.toSorted()).toEqual(names.toSorted()), 5000);
  });
});

describe("A process manager whose lease may have lapsed", () => {
  it("sends no command any more, and handles the event again when it holds the lease for certain", async () => {
    const adapter = memory();
    const notes = new Notes();
    const real = Date.now;
    let attempts = 0;
    const service = processService(
      { adapter },
      {
        on: {
          "thing.happened": async (_event, { call }) => {
            await call("notes.note", { what: "one" });
            // The machine was suspended.
            if (++attempts === 1) Date.now = () => real() + 7000;
            await call("notes.note", { what: `two of attempt ${attempts}` });
          },
        },
      },
    );
    try {
      const broker = await startBroker([notes.service(), service]);
      await happen(broker, "a");
      await eventually(() => expect(attempts).toBe(2));
      await caughtUp(broker, "manager");
      expect(notes.asked).toEqual(["one", "one", "two of attempt 2"]);
    } finally {
      Date.now = real;
    }
  });
});

describe("A process with thousands of events that wait", () => {
  it("goes on without holding up the node: the event loop turns between any two of them", async () => {
    const adapter = memory();
    let isPoisoned = true;
    const service = processService<number>(
      { adapter },
      {
        initialState: () => 0,
        onError: { retries: 0 },
        on: {
          "thing.happened": ({ version }, { state }) => {
            if (isPoisoned && version === 1) throw new Error("poison");
            return state + 1;
          },
        },
      },
    );
    const broker = await startBroker([service]);
    const events = Array.from({ length: 1000 }, () => ({ type: "thing.happened", payload: { process: "a" } }));
    for (let batch = 0; batch < 2; batch++) await broker.call("events.append", { stream: "s-a", events });
    await caughtUp(broker, "manager");
    isPoisoned = false;
    let turns = 0;
    const turn = () => {
      turns++;
      counting = setImmediate(turn);
    };
    let counting = setImmediate(turn);
    expect(await broker.call("manager.retry")).toEqual({ folded: 2000, parked: 0 });
    clearImmediate(counting);
    expect(turns).toBeGreaterThan(1999);
    expect(await processesIn(broker.call("manager.processes"))).toMatchObject([{ state: 2000, waiting: 0 }]);
  });
});
