import {
  Decider,
  EventStore,
  ProcessManager,
  Subscription,
  type EventCatalogue,
  type FailingEvent,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { LogLines } from "./log-lines.ts";
import { parkedOf, processOf, statusOf, withStatus } from "./processes.ts";

afterEach(cleanUp);

const first = {
  "transfer.begun": { payload: { to: "string", amount: "number" } },
  "transfer.timed": { payload: { to: "string", amount: "number" } },
  "letter.asked": { payload: { to: "string" } },
  "money.moved": { payload: { amount: "number" } },
} satisfies EventCatalogue;

const catalogues: Record<1 | 2, EventCatalogue> = {
  1: first,
  2: { ...first, "account.frozen": { payload: { by: "string" } } },
};

/** One release of a bank; the second one can freeze an account. */
function bank(release: 1 | 2, folder: string): ServiceSchema[] {
  const events = EventStore("events", {
    adapter: `sqlite:${folder}/events.db`,
    events: catalogues[release],
    unknownTypes: "refuse",
  });
  const account = Decider("account", {
    eventStore: events,
    initialState: () => 0,
    commands: {
      move: {
        params: { amount: "number" },
        decide: (_, { amount }) => ({ type: "money.moved", payload: { amount } }),
      },
      ...(release === 2 && { freeze: { decide: () => ({ type: "account.frozen", payload: { by: "Ann" } }) } }),
    },
    evolve: {
      "money.moved": (balance, { payload }) => balance + (payload as { amount: number }).amount,
      ...(release === 2 && { "account.frozen": (balance: number) => balance }),
    },
  });
  const manager = ProcessManager("manager", {
    eventStore: events,
    initialState: () => ({ to: "", amount: 0 }),
    on: {
      "transfer.begun": async ({ payload }, { call }) => {
        const { to, amount } = payload as { to: string; amount: number };
        await call("account.move", { id: to, amount });
      },
      "transfer.timed": ({ payload }, { schedule }) => {
        schedule("due", -60_000);
        return payload as { to: string; amount: number };
      },
    },
    deadlines: {
      due: async (_, { state, call }) => void (await call("account.move", { id: state.to, amount: state.amount })),
    },
  });
  const letters = Subscription("letters", {
    eventStore: events,
    on: {
      "letter.asked": ({ payload }, { call }) =>
        call("account.move", { id: (payload as { to: string }).to, amount: 0 }),
    },
  });
  return [
    { name: "account", mixins: [account.mixin()] },
    { name: "bank", mixins: [events.mixin(), manager.mixin(), letters.mixin()] },
  ];
}

const transfer = async (
  broker: ServiceBroker,
  id: string,
  to: string,
  amount: number,
  type = "transfer.begun",
): Promise<RecordedEvent> => {
  const { events } = await broker.call<{ events: RecordedEvent[] }, object>("events.append", {
    stream: `transfer-${id}`,
    events: [{ type, payload: { to, amount } }],
  });
  return events[0]!;
};

const moved = async (broker: ServiceBroker): Promise<string[]> => {
  const all = await broker.call<RecordedEvent<string, { amount: number }>[], object>("events.find", {
    query: { type: "money.moved" },
    sort: "position",
  });
  return all.map(({ stream, payload }) => `${stream} ${payload.amount}`);
};

const needed = "position 1 needs a release that knows account.frozen version 1";

/** The older release, on a log in which the newer one has frozen an account. */
async function afterARollback() {
  const folder = newFolder();
  const newer = await startBroker(bank(2, folder));
  await newer.call("account.freeze", { id: "frozen" });
  await newer.stop();
  const log = new LogLines();
  const broker = await startBroker(bank(1, folder), { logger: log });
  return { broker, folder, log };
}

const waitsFor = (broker: ServiceBroker, id: string): Promise<FailingEvent> =>
  eventually(async () => {
    const { failing } = await statusOf(broker);
    expect(failing).toMatchObject({ id, error: { type: "NEWER_EVENT", message: needed } });
    return failing!;
  });

describe("A process whose command meets an event of a newer release", () => {
  it("waits alone: events of other processes, also of the same type, are handled", async () => {
    const { broker } = await afterARollback();
    const { id } = await transfer(broker, "1", "frozen", 1);
    await waitsFor(broker, id);
    await transfer(broker, "1", "free", 2);
    await transfer(broker, "2", "free", 3);
    await caughtUp(broker, "manager");
    expect(await moved(broker)).toEqual(["account-free 3"]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", cause: null, parked: 0, waiting: 2 });
    expect(await processOf(broker, "1")).toMatchObject({ waiting: 2, parked: null });
    const failing = await waitsFor(broker, id);
    expect(failing).toMatchObject({ process: "1", type: "transfer.begun", stream: "transfer-1", position: 2 });
    await eventually(async () => expect((await waitsFor(broker, id)).attempts).toBeGreaterThan(failing.attempts));
    expect(await parkedOf(broker)).toEqual([]);
  });

  it("says once which process waits for which event", async () => {
    const { broker, log } = await afterARollback();
    const { id } = await transfer(broker, "1", "frozen", 1);
    await eventually(async () => expect((await waitsFor(broker, id)).attempts).toBeGreaterThan(2));
    const said = log.of("warn", /^A process waits for a newer release/);
    expect(said).toEqual([expect.stringMatching(/process: '1',[^]*position: 2,/)]);
    expect(said[0]).toContain(needed);
    expect(log.of("warn", /manager waits/)).toEqual([]);
  });

  it("is handled by the newer release, in order and once", async () => {
    const { broker, folder } = await afterARollback();
    const { id } = await transfer(broker, "1", "frozen", 1);
    await transfer(broker, "1", "free", 2);
    await waitsFor(broker, id);
    await caughtUp(broker, "manager");
    await broker.stop();
    const newer = await startBroker(bank(2, folder));
    await eventually(async () => expect(await moved(newer)).toEqual(["account-frozen 1", "account-free 2"]));
    await withStatus(newer, { state: "live", waiting: 0, failing: null });
  });

  it("goes on without the event that an operator skips", async () => {
    const { broker } = await afterARollback();
    const { id } = await transfer(broker, "1", "frozen", 1);
    await transfer(broker, "1", "free", 2);
    await waitsFor(broker, id);
    await broker.call("manager.skip", { id, reason: "rolled back" });
    await eventually(async () => expect(await moved(broker)).toEqual(["account-free 2"]));
    await withStatus(broker, { waiting: 0, failing: null });
  });

  it("waits with a deadline, too, and its later events behind it", async () => {
    const { broker, folder } = await afterARollback();
    await transfer(broker, "1", "frozen", 1, "transfer.timed");
    await eventually(async () =>
      expect(await statusOf(broker)).toMatchObject({
        failing: { type: "due", process: "1", error: { message: needed } },
      }),
    );
    await transfer(broker, "1", "free", 2);
    await transfer(broker, "2", "free", 3);
    await caughtUp(broker, "manager");
    expect(await moved(broker)).toEqual(["account-free 3"]);
    await broker.stop();
    const newer = await startBroker(bank(2, folder));
    const all = ["account-free 3", "account-frozen 1", "account-free 2"];
    await eventually(async () => expect(await moved(newer)).toEqual(all));
    await withStatus(newer, { state: "live", waiting: 0, failing: null });
    expect(await processOf(newer, "1")).toMatchObject({ deadlines: [] });
  });
});

describe("A subscription whose command meets an event of a newer release", () => {
  it("waits, and says which event is handled, beside the one that it cannot read", async () => {
    const { broker, log } = await afterARollback();
    const { events } = await broker.call<{ events: RecordedEvent[] }, object>("events.append", {
      stream: "letter-1",
      events: [{ type: "letter.asked", payload: { to: "frozen" } }],
    });
    const { id } = events[0]!;
    const cause = `a call for letter.asked ${id} was refused: ${needed}`;
    await eventually(async () =>
      expect(await broker.call("letters.status")).toMatchObject({ state: "waiting", cause, failing: { id } }),
    );
    await eventually(() => {
      const [line] = log.of("warn", /^letters waits/);
      expect(line).toContain(cause);
      expect(line).toMatch(/position: 2\b/);
    });
  });
});
