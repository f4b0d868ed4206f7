import { Decider, EventStore, ProcessManager, type ProcessView, type RecordedEvent } from "moleculer-event-sourcing";
import { Errors, type ServiceBroker, type ServiceSchema } from "moleculer";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { parkedOf, withStatus } from "./processes.ts";

afterEach(cleanUp);

type Events = {
  "transfer.begun": { from: string; to: string; amount: number };
  "money.moved": { amount: number };
};
type View = Pick<ProcessView, "call">;

interface Release {
  folder: string;
  /** Rules that this release adds to the params of `move`. */
  params?: Record<string, unknown>;
  handle: (transfer: Events["transfer.begun"], view: View) => Promise<void>;
}

const unavailable = () => Promise.reject(new Errors.RequestTimeoutError({ action: "bank.ready", nodeID: "x" }));

/** One release of the service: a decider of accounts, its mapped twin, and a process manager of transfers. */
function release(
  { folder, params = {}, handle }: Release,
  ready: () => Promise<unknown> = async () => true,
): ServiceSchema[] {
  const events = EventStore<Events>("events", { adapter: `sqlite:${folder}/events.db` });
  const rules = { id: "string", amount: "number", ...params };
  const account = Decider("account", {
    eventStore: events,
    initialState: () => 0,
    commands: {
      move: {
        params: rules as { amount: "number" },
        decide: (_, { amount }) => ({ type: "money.moved", payload: { amount } }),
      },
    },
    evolve: { "money.moved": (balance, { payload }) => balance + payload.amount },
  });
  const manager = ProcessManager("manager", {
    eventStore: events,
    correlate: ({ stream }) => stream,
    on: { "transfer.begun": ({ payload }, view) => handle(payload, view) },
    compensate: async (_cause, _error, { call }) => void (await call("account.move", { id: "compensated", amount: 5 })),
    onError: { retries: 1, delayMs: 1 },
  });
  return [
    { name: "account", mixins: [events.mixin(), account.mixin(), manager.mixin()] },
    {
      name: "book",
      actions: {
        move: events.mapAction("money.moved", { params: rules }),
        // The params name no entity: only the function that computes the stream knows it.
        post: events.mapAction("money.moved", {
          params: { to: "string", amount: "number" },
          stream: ({ to }) => `money-${to}`,
          payload: ({ amount }) => ({ amount }),
        }),
      },
    },
    { name: "bank", actions: { ready } },
  ];
}

/** Begins a transfer in the older release, which is interrupted at `bank.ready`, and finishes it in the newer one. */
async function acrossReleases(older: Omit<Release, "folder">, newer: Omit<Release, "folder">): Promise<ServiceBroker> {
  const folder = newFolder();
  const one = await startBroker(release({ folder, ...older }, unavailable));
  await one.call("events.append", {
    stream: "transfer-1",
    events: [{ type: "transfer.begun", payload: { from: "a", to: "b", amount: 5 } }],
  });
  await withStatus(one, { state: "waiting" });
  await one.stop();
  return startBroker(release({ folder, ...newer }));
}

const moved = async (broker: ServiceBroker): Promise<string[]> => {
  const events = await eventsIn<RecordedEvent<string, { amount: number }>>(
    broker.call("events.read", { types: ["money.moved"] }),
  );
  return events.map(({ stream, payload }) => `${stream} ${payload.amount}`);
};

describe.each([
  ["account.move", "account"],
  ["book.move", "money"],
])("A process that a release of %s interrupts", (action, stream) => {
  const handle: Release["handle"] = async ({ from, to, amount }, { call }) => {
    await call(action, { id: to, amount });
    await call("bank.ready");
    await call(action, { id: from, amount: -amount });
  };
  const both = [`${stream}-b 5`, `${stream}-a -5`];

  it.each([
    ["added a default to the command", { currency: { type: "string", default: "EUR" } }],
    ["narrowed a rule that the first command does not fit", { amount: { type: "number", max: 0 } }],
  ])("moves the money once after the release has %s", async (_change, params) => {
    const broker = await acrossReleases({ handle }, { handle, params });
    await caughtUp(broker, "manager");
    expect(await moved(broker)).toEqual(both);
    expect(await parkedOf(broker)).toEqual([]);
  });

  it("moves the money once after the release has put its calls in another order", async () => {
    const broker = await acrossReleases(
      { handle },
      {
        handle: async ({ from, to, amount }, { call }) => {
          await call(action, { id: from, amount: -amount });
          await call(action, { id: to, amount });
        },
      },
    );
    await caughtUp(broker, "manager");
    expect(await moved(broker)).toEqual(both);
  });

  it("is parked, not compensated, where the release sends the first command with other params", async () => {
    const broker = await acrossReleases(
      { handle },
      {
        handle: async ({ to, amount }, { call }) => {
          // A command in place of the refused one would add to it.
          await call(action, { id: to, amount: amount + 1 }).catch(() => call(action, { id: "other", amount }));
        },
      },
    );
    await eventually(async () =>
      expect(await parkedOf(broker)).toMatchObject([{ error: { type: "COMMAND_ID_REUSED" }, process: "transfer-1" }]),
    );
    expect(await moved(broker)).toEqual(both.slice(0, 1));
  });
});

describe("A process whose commands name no entity", () => {
  const post =
    (...order: ("from" | "to")[]): Release["handle"] =>
    async (transfer, { call }) => {
      const [first, second] = order.map((side) => ({
        to: transfer[side],
        amount: side === "to" ? transfer.amount : -transfer.amount,
      }));
      await call("book.post", first);
      await call("bank.ready");
      await call("book.post", second);
    };

  it("is parked where a release sends them in another order, and nothing is stored twice", async () => {
    const broker = await acrossReleases({ handle: post("to", "from") }, { handle: post("from", "to") });
    await eventually(async () =>
      expect(await parkedOf(broker)).toMatchObject([{ error: { type: "COMMAND_ID_REUSED" } }]),
    );
    expect(await moved(broker)).toEqual(["money-b 5"]);
  });

  it("goes on where the order stays", async () => {
    const broker = await acrossReleases({ handle: post("to", "from") }, { handle: post("to", "from") });
    await caughtUp(broker, "manager");
    expect(await moved(broker)).toEqual(["money-b 5", "money-a -5"]);
  });
});

describe("A refusal that a process has met", () => {
  it("is not that of another command which a release sends in its place: the process is parked", async () => {
    const broker = await acrossReleases(
      {
        handle: async ({ to }, { call }) => {
          await call("account.move", { id: to, amount: "much" }).catch(() => {});
          await call("account.move", { id: to, amount: 5 });
          await call("bank.ready");
        },
      },
      { handle: async ({ to }, { call }) => void (await call("account.move", { id: to, amount: 5 })) },
    );
    await eventually(async () =>
      expect(await parkedOf(broker)).toMatchObject([{ error: { type: "COMMAND_ID_REUSED" } }]),
    );
    expect(await moved(broker)).toEqual(["account-b 5"]);
  });
});
