import {
  Aggregate,
  EventStore,
  type AggregateStatus,
  type StoredAnswer,
  type ErrorPolicy,
  type ParkedEvent,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import { Errors, type ActionSchema, type Context, type ServiceBroker, type ServiceSchema } from "moleculer";
import { v7 } from "uuid";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { CrashKit } from "moleculer-event-sourcing/testing";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { brief } from "../../core/errors/problem.ts";
import { LogLines } from "./log-lines.ts";
import { turns } from "./turns.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

afterEach(cleanUp);

/** Faults of the events at some positions, until the test removes them. */
class Faults {
  readonly #at = new Map<number, () => unknown>();
  /** The positions in the order of their transforms' runs. */
  readonly ran: number[] = [];

  at(
    position: number,
    fault: () => unknown = () => {
      throw new Error(`poison ${position}`);
    },
  ): this {
    this.#at.set(position, fault);
    return this;
  }

  mend(...positions: number[]): void {
    for (const position of positions) this.#at.delete(position);
  }

  async transform({ id, position, stream }: RecordedEvent): Promise<{ id: string; stream: string; position: number }> {
    this.ran.push(position);
    await this.#at.get(position)?.();
    return { id, stream, position };
  }
}

interface Options {
  folder?: string;
  crash?: CrashKit;
  faults?: Faults;
  onError?: Partial<ErrorPolicy>;
  logger?: LogLines;
}

const throwing = (error: unknown) => () => {
  throw error;
};

/** A table with a row per event; its transform is an action of another service, `worker`. */
async function brokerWith({
  folder = newFolder(),
  crash = new CrashKit(),
  faults = new Faults(),
  onError,
  logger,
}: Options = {}): Promise<ServiceBroker> {
  const events = EventStore("events", { adapter: crash.adapter(sqlite(`${folder}/events.db`)) });
  const table = Aggregate("table", {
    eventStore: events,
    fields: { stream: "string", position: "integer" },
    onError: { retries: 2, delayMs: 1, ...onError },
  })
    .on("thing.**")
    .create("worker.transform");
  const host: ServiceSchema = { name: "host", mixins: [events.mixin(), table.mixin()] };
  return startBroker([host, worker(faults)], logger ? { logger } : {});
}

const worker = (faults: Faults): ServiceSchema => ({
  name: "worker",
  actions: { transform: (ctx: Context<RecordedEvent>) => faults.transform(ctx.params) },
});

/** Stores one event per stream in one commit; returns their ids. */
async function appendTo(broker: ServiceBroker, ...streams: string[]): Promise<string[]> {
  const answers = await Promise.all(
    streams.map((stream): Promise<StoredAnswer> =>
      broker.call("events.append", { stream, events: [{ type: "thing.happened", payload: {} }] }),
    ),
  );
  return answers.map(({ events }) => events[0]!.id);
}

/** The folded positions. */
async function folded(broker: ServiceBroker): Promise<number[]> {
  const rows: { position: number }[] = await broker.call("table.find", { sort: "position" });
  return rows.map(({ position }) => position);
}

const parkedOf = (broker: ServiceBroker): Promise<ParkedEvent[]> => eventsIn(broker.call("table.parked"));
const parkedPositions = async (broker: ServiceBroker) => (await parkedOf(broker)).map(({ position }) => position);
const statusOf = (broker: ServiceBroker): Promise<AggregateStatus> => broker.call("table.status");
const upTo = (last: number, first = 1) => Array.from({ length: last - first + 1 }, (_, index) => first + index);

async function inState(broker: ServiceBroker, state: AggregateStatus["state"]): Promise<AggregateStatus> {
  return eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject({ state });
    return status;
  });
}

describe("A poison event", () => {
  it("is parked with its error; its stream waits behind it, and all others go on", async () => {
    const faults = new Faults().at(2, throwing(new Errors.MoleculerError("bad city", 422, "BAD_CITY", { city: 5 })));
    const broker = await brokerWith({ faults });
    const ids = await appendTo(broker, "a-1", "a-1", "b-1", "a-1", "b-1");
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual([1, 3, 5]);
    const common = {
      type: "thing.happened",
      stream: "a-1",
      parkedAt: expect.stringMatching(/Z$/) as string,
    };
    expect(await parkedOf(broker)).toEqual([
      {
        ...common,
        id: ids[1],
        version: 2,
        position: 2,
        attempts: 3,
        error: { name: "MoleculerError", message: "bad city", type: "BAD_CITY", code: 422 },
      },
      { ...common, id: ids[3], version: 3, position: 4, attempts: 0, error: null },
    ]);
    expect(await statusOf(broker)).toMatchObject({
      state: "live",
      position: 5,
      lag: 0,
      parked: 2,
      reordered: false,
      cause: null,
    });
    // The transform was never called with waiting events.
    expect(faults.ran).not.toContain(4);
  });

  it.each([
    ["as the last of a commit, behind good ones", ["a", "b", "c", "d"], 4],
    ["as the first of a commit", ["a", "b", "c", "d"], 1],
    ["in the middle of a commit", ["a", "b", "c", "d"], 2],
    ["alone in the log", ["a"], 1],
  ])("that comes %s costs no other event anything", async (_where, streams, position) => {
    const faults = new Faults().at(position);
    const broker = await brokerWith({ faults });
    await appendTo(broker, ...streams);
    await caughtUp(broker, "table");
    const good = upTo(streams.length).filter((other) => other !== position);
    expect(await folded(broker)).toEqual(good);
    expect(await parkedPositions(broker)).toEqual([position]);
    expect(faults.ran.filter((ran) => ran !== position).toSorted((a, b) => a - b)).toEqual(good);
  });

  it.each([0, 1, 3])("is tried again %d times", async (retries) => {
    const faults = new Faults().at(2);
    const broker = await brokerWith({ faults, onError: { retries } });
    await appendTo(broker, "a", "b", "c");
    await caughtUp(broker, "table");
    expect(faults.ran).toEqual([1, ...Array.from({ length: retries + 1 }, () => 2), 3]);
    expect(await parkedOf(broker)).toMatchObject([{ position: 2, attempts: retries + 1 }]);
  });

  it("is not parked when a retry succeeds, and later events wait for it", async () => {
    let failures = 2;
    const faults = new Faults().at(2, () => {
      if (failures-- > 0) throw new Error("not yet");
    });
    const broker = await brokerWith({ faults });
    await appendTo(broker, "a", "b", "c");
    await caughtUp(broker, "table");
    expect(faults.ran).toEqual([1, 2, 2, 2, 3]);
    expect(await folded(broker)).toEqual([1, 2, 3]);
    expect(await statusOf(broker)).toMatchObject({ parked: 0, reordered: false });
  });

  it("is tried again only when the rows before it are committed", async () => {
    const seen: number[][] = [];
    let broker: ServiceBroker | undefined;
    const faults = new Faults().at(4, async () => {
      seen.push(await folded(broker!));
      throw new Error("poison");
    });
    broker = await brokerWith({ faults });
    await appendTo(broker, "a", "b", "c", "d", "e");
    await caughtUp(broker, "table");
    expect(seen).toHaveLength(3);
    expect(seen.slice(1)).toEqual([
      [1, 2, 3],
      [1, 2, 3],
    ]);
  });

  it.each<[string, unknown, { name: string; message: string }]>([
    ["a text", "no error at all", { name: "Error", message: "no error at all" }],
    ["undefined", undefined, { name: "Error", message: "undefined" }],
    ["null", null, { name: "Error", message: "null" }],
    ["an object", { message: "bad", code: "E_BAD" }, { name: "Error", message: "bad", code: "E_BAD" } as never],
    ["an endless text", new Error("x".repeat(5000)), { name: "Error", message: `${"x".repeat(1000)}…` }],
    [
      "what throws when it is looked at",
      new Proxy(
        {},
        {
          get() {
            throw new Error("do not look");
          },
        },
      ),
      { name: "Error", message: "the thrown value cannot be read: reading it throws" },
    ],
  ])("is one whose transform throws %s, too", async (_what, thrown, error) => {
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    const table = Aggregate("table", { eventStore: events, fields: { n: "integer" }, onError: { retries: 0 } })
      .on("thing.**")
      .create(throwing(thrown));
    const broker = await startBroker([{ name: "host", mixins: [events.mixin(), table.mixin()] }]);
    await appendTo(broker, "a");
    await caughtUp(broker, "table");
    expect(await parkedOf(broker)).toMatchObject([{ position: 1, attempts: 1, error }]);
  });

  it.each([["a text"], [undefined], [null], [{ message: "an object" }]])(
    "has an error with a text as message, also where an action throws %j",
    async (thrown) => {
      const broker = await brokerWith({ faults: new Faults().at(1, throwing(thrown)), onError: { retries: 0 } });
      await appendTo(broker, "a");
      await caughtUp(broker, "table");
      expect(await parkedOf(broker)).toMatchObject([{ error: { message: expect.any(String) as string } }]);
    },
  );

  it("of one aggregate is none of another's business", async () => {
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    const [bad, good] = ["bad", "good"].map((name) =>
      Aggregate(name, { eventStore: events, fields: { position: "integer" }, onError: { retries: 0 } })
        .on("thing.**")
        .create(({ id, position }) => {
          if (name === "bad") throw new Error("poison");
          return { id, position };
        }),
    );
    const broker = await startBroker([{ name: "host", mixins: [events.mixin(), bad!.mixin(), good!.mixin()] }]);
    await appendTo(broker, "a", "b");
    await Promise.all([caughtUp(broker, "bad"), caughtUp(broker, "good")]);
    expect(await broker.call("bad.status")).toMatchObject({ parked: 2 });
    expect(await broker.call("good.status")).toMatchObject({ parked: 0 });
    expect(await broker.call("good.count")).toBe(2);
  });

  it("is found again after a restart, and its stream still waits", async () => {
    const folder = newFolder();
    const one = await brokerWith({ folder, faults: new Faults().at(1) });
    await appendTo(one, "a", "a", "b");
    await caughtUp(one, "table");
    const parked = await parkedOf(one);
    await one.stop();

    const faults = new Faults();
    const two = await brokerWith({ folder, faults });
    await appendTo(two, "a", "b");
    await caughtUp(two, "table");
    expect((await parkedOf(two)).slice(0, 2)).toEqual(parked);
    expect(await parkedPositions(two)).toEqual([1, 2, 4]);
    expect(await folded(two)).toEqual([3, 5]);
    expect(await two.call("table.retry")).toEqual({ folded: 3, parked: 0 });
    expect(faults.ran).toEqual([5, 1, 2, 4]);
    await two.stop();

    const three = await brokerWith({ folder });
    await caughtUp(three, "table");
    expect(await folded(three)).toEqual([1, 2, 3, 4, 5]);
    expect(await statusOf(three)).toMatchObject({ parked: 0, reordered: true });
  });
});

describe("Retrying parked events", () => {
  /** Streams a and c are poisoned at their first event: parked are 1, 3, 5 and 4, folded is 2. */
  async function brokerWithParked(): Promise<{ broker: ServiceBroker; faults: Faults; ids: string[] }> {
    const faults = new Faults().at(1).at(4);
    const broker = await brokerWith({ faults });
    const ids = await appendTo(broker, "a", "b", "a", "c", "a");
    await caughtUp(broker, "table");
    expect(await parkedPositions(broker)).toEqual([1, 3, 4, 5]);
    faults.ran.length = 0;
    return { broker, faults, ids };
  }

  const pageOf = (broker: ServiceBroker): Promise<{ control: { revision: number } }> =>
    broker.call("$events.page", { consumer: "table/table", after: 0, limit: 0, types: [] }, spoken);

  it("folds all of them, each stream in its order, once the transform is fixed", async () => {
    const { broker, faults } = await brokerWithParked();
    faults.mend(1, 4);
    expect(await broker.call("table.retry")).toEqual({ folded: 4, parked: 0 });
    expect(faults.ran.filter((position) => position !== 4)).toEqual([1, 3, 5]);
    expect(await folded(broker)).toEqual([1, 2, 3, 4, 5]);
    expect(await parkedOf(broker)).toEqual([]);
    // A stream that has waited no longer waits.
    await appendTo(broker, "a");
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it.each([
    ["the event that failed", 0, [1, 3, 5]],
    ["an event that waits behind it", 2, [1, 3, 5]],
    ["an event alone in its stream", 3, [4]],
  ])("by the id of %s folds its whole stream", async (_what, index, expected) => {
    const { broker, faults, ids } = await brokerWithParked();
    faults.mend(1, 4);
    expect(await broker.call("table.retry", { id: ids[index] })).toEqual({
      folded: expected.length,
      parked: 4 - expected.length,
    });
    expect(faults.ran).toEqual(expected);
  });

  it("by a stream folds that stream only", async () => {
    const { broker, faults } = await brokerWithParked();
    faults.mend(1, 4);
    expect(await broker.call("table.retry", { stream: "c" })).toEqual({ folded: 1, parked: 3 });
    expect(await folded(broker)).toEqual([2, 4]);
  });

  it("by several ids at once folds each of them", async () => {
    const { broker, faults, ids } = await brokerWithParked();
    faults.mend(1, 4);
    await Promise.all([ids[3], ids[0]].map((id) => broker.call("table.retry", { id })));
    expect(await parkedOf(broker)).toEqual([]);
    expect(await folded(broker)).toEqual([1, 2, 3, 4, 5]);
  });

  it("leaves in its place what fails again, and everything behind it", async () => {
    const { broker, faults } = await brokerWithParked();
    expect(await broker.call("table.retry", { stream: "a" })).toEqual({ folded: 0, parked: 4 });
    expect(await parkedOf(broker)).toMatchObject([
      { position: 1, attempts: 4, error: { message: "poison 1" } },
      { position: 3, attempts: 0, error: null },
      { position: 4, attempts: 3 },
      { position: 5, attempts: 0 },
    ]);
    faults.mend(1);
    faults.at(3, throwing(new Error("another fault")));
    expect(await broker.call("table.retry", { stream: "a" })).toEqual({ folded: 1, parked: 3 });
    expect(await parkedOf(broker)).toMatchObject([
      { position: 3, attempts: 1, error: { message: "another fault" } },
      { position: 4 },
      { position: 5, error: null },
    ]);
    expect(await folded(broker)).toEqual([1, 2]);
    faults.mend(3);
    expect(await broker.call("table.retry", { stream: "a" })).toEqual({ folded: 2, parked: 1 });
    expect(await folded(broker)).toEqual([1, 2, 3, 5]);
  });

  it("says so in status.reordered when it folds behind newer events", async () => {
    const { broker, faults } = await brokerWithParked();
    expect(await statusOf(broker)).toMatchObject({ parked: 4, reordered: false });
    faults.mend(1, 4);
    await broker.call("table.retry", { id: (await parkedOf(broker))[0]!.id });
    expect(await statusOf(broker)).toMatchObject({ parked: 1, reordered: true });
  });

  it("reorders nothing where no newer event was folded", async () => {
    const faults = new Faults().at(2);
    const broker = await brokerWith({ faults });
    await appendTo(broker, "a", "b");
    await caughtUp(broker, "table");
    faults.mend(2);
    await broker.call("table.retry");
    expect(await statusOf(broker)).toMatchObject({ parked: 0, reordered: false });
    expect(await folded(broker)).toEqual([1, 2]);
  });

  it("is refused for a stream of which nothing is parked, and leaves nothing in the control state", async () => {
    const { broker, ids } = await brokerWithParked();
    const { control }: { control: { revision: number } } = await pageOf(broker);
    for (const choice of [{ stream: "b" }, { stream: "s".repeat(600) }, { id: ids[0], stream: "c" }])
      expect(await refusal(() => broker.call("table.retry", choice))).toMatchObject({
        type: "UNKNOWN_PARKED_EVENT",
        code: 404,
        data: Object.fromEntries(Object.entries(choice).map(([name, value]) => [name, brief(value!)])),
      });
    expect(await pageOf(broker)).toMatchObject({ control: { revision: control.revision, retries: [] } });
  });

  it.each([
    ["retry", { id: "x".repeat(256) }, "id"],
    ["retry", { stream: "x".repeat(601) }, "stream"],
    ["retry", { stream: "a\0" }, "stream"],
    ["skip", { id: "a\ud83d" }, "id"],
    ["skip", { id: v7(), reason: "x".repeat(1001) }, "reason"],
  ])("is refused for what no store keeps: %s %#", async (action, params, field) => {
    const { broker } = await brokerWithParked();
    expect(await refusal(() => broker.call(`table.${action}`, params))).toMatchObject({
      type: "VALIDATION_ERROR",
      code: 422,
      data: [{ field }],
    });
  });

  it("is refused for an id that is not parked", async () => {
    const { broker, ids } = await brokerWithParked();
    for (const id of [v7(), ids[1]])
      for (const action of ["retry", "skip"])
        expect(await refusal(() => broker.call(`table.${action}`, { id }))).toMatchObject({
          name: "UnknownParkedEventError",
          type: "UNKNOWN_PARKED_EVENT",
          code: 404,
          retryable: false,
          data: { id },
        });
    expect(await parkedPositions(broker)).toEqual([1, 3, 4, 5]);
  });

  it("is refused while the aggregate is paused", async () => {
    const { broker, faults } = await brokerWithParked();
    faults.mend(1, 4);
    await broker.call("table.pause");
    const error = await refusal(() => broker.call("table.retry"));
    expect(error).toMatchObject({ code: 409 });
    expect(error.message).toContain('"resume" it first');
    await broker.call("table.resume");
    expect(await broker.call("table.retry")).toEqual({ folded: 4, parked: 0 });
  });

  it("rejects with the outage, and parks nothing again", async () => {
    const { broker, faults } = await brokerWithParked();
    faults.mend(1, 4);
    const before = await parkedOf(broker);
    await broker.destroyService("worker");
    expect(await refusal(() => broker.call("table.retry"))).toMatchObject({ type: "SERVICE_NOT_FOUND", code: 404 });
    expect(await parkedOf(broker)).toEqual(before);
    broker.createService(worker(faults));
    await broker.waitForServices("worker", 10_000, 20);
    expect(await broker.call("table.retry")).toEqual({ folded: 4, parked: 0 });
  });

  it("ends with an answer when the broker stops before its turn has come", async () => {
    const { broker, faults } = await brokerWithParked();
    const held = Promise.withResolvers<void>();
    faults.at(6, () => held.promise);
    await appendTo(broker, "d");
    await eventually(() => expect(faults.ran).toContain(6));
    const outcome: string[] = [];
    const retry = refusal(() => broker.call("table.retry"));
    void retry.then(({ type }) => outcome.push(String(type)));
    const stopped = broker.stop();
    await eventually(() => expect(broker.stopping).toBe(true));
    held.resolve();
    await stopped;
    await eventually(() => expect(outcome).toEqual(["STORE_UNAVAILABLE"]), 2000);
  });
});

describe("Skipping a parked event", () => {
  it("gives it up and folds what waited behind it", async () => {
    const faults = new Faults().at(1);
    const broker = await brokerWith({ faults });
    const [id] = await appendTo(broker, "a", "b", "a", "a");
    await caughtUp(broker, "table");
    expect(await broker.call("table.skip", { id, reason: "a typing error" })).toEqual({
      skipped: id,
      folded: 2,
      parked: 0,
    });
    expect(await folded(broker)).toEqual([2, 3, 4]);
    expect(await parkedOf(broker)).toEqual([]);
    expect(await statusOf(broker)).toMatchObject({ parked: 0, state: "live" });
    await appendTo(broker, "a");
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual([2, 3, 4, 5]);
  });

  it("stays over a restart", async () => {
    const folder = newFolder();
    const one = await brokerWith({ folder, faults: new Faults().at(1) });
    const [id] = await appendTo(one, "a", "b");
    await caughtUp(one, "table");
    await one.call("table.skip", { id });
    await one.stop();

    const faults = new Faults();
    const two = await brokerWith({ folder, faults });
    await appendTo(two, "a");
    await caughtUp(two, "table");
    expect(await two.call("table.retry")).toEqual({ folded: 0, parked: 0 });
    expect(await folded(two)).toEqual([2, 3]);
    expect(faults.ran).toEqual([3]);
    expect(await refusal(() => two.call("table.skip", { id }))).toMatchObject({ type: "UNKNOWN_PARKED_EVENT" });
  });

  it("stops again at the next bad event of its stream", async () => {
    const faults = new Faults().at(1).at(3);
    const broker = await brokerWith({ faults });
    const [id] = await appendTo(broker, "a", "a", "a", "a");
    await caughtUp(broker, "table");
    expect(await broker.call("table.skip", { id })).toEqual({ skipped: id, folded: 1, parked: 2 });
    expect(await parkedOf(broker)).toMatchObject([
      { position: 3, attempts: 1, error: { message: "poison 3" } },
      { position: 4, attempts: 0, error: null },
    ]);
    expect(await folded(broker)).toEqual([2]);
  });

  it("passes one that only waited, and keeps the others in their order", async () => {
    const faults = new Faults().at(1);
    const broker = await brokerWith({ faults });
    const ids = await appendTo(broker, "a", "a", "a");
    await caughtUp(broker, "table");
    expect(await broker.call("table.skip", { id: ids[1] })).toEqual({ skipped: ids[1], folded: 0, parked: 2 });
    faults.mend(1);
    expect(await broker.call("table.retry")).toEqual({ folded: 2, parked: 0 });
    expect(await folded(broker)).toEqual([1, 3]);
  });
});

describe("An outage", () => {
  it("of the transform's service parks nothing, and the fold goes on by itself", async () => {
    const faults = new Faults();
    const logger = new LogLines();
    const broker = await brokerWith({ faults, logger });
    await appendTo(broker, "a");
    await caughtUp(broker, "table");
    await broker.destroyService("worker");
    await appendTo(broker, "a", "b", "c");
    const status = await inState(broker, "waiting");
    expect(status).toMatchObject({ position: 1, head: 4, lag: 3, parked: 0, paused: false });
    expect(status.cause).toContain("worker.transform");
    // Longer than all retries of an event.
    for (let tries = 0; tries < 10; tries++) await turns(broker);
    expect(await statusOf(broker)).toMatchObject({ state: "waiting", parked: 0 });
    expect(await folded(broker)).toEqual([1]);

    broker.createService(worker(faults));
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual([1, 2, 3, 4]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", parked: 0, cause: null });
    expect(logger.of("warn", /^table waits: .*worker\.transform/)).toHaveLength(1);
  });

  it.each<[string, unknown]>([
    ["a retryable error", new Errors.MoleculerRetryableError("later", 500, "LATER", {})],
    ["a server error, which Moleculer counts as retryable", new Errors.MoleculerServerError("later", 500, "LATER", {})],
    ["a time-out", new Errors.RequestTimeoutError({ action: "city.get", nodeID: "other" })],
    ["a service that is not found", new Errors.ServiceNotFoundError({ action: "city.get" })],
    ["a service that is not available", new Errors.ServiceNotAvailableError({ action: "city.get" })],
    ["a full queue", new Errors.QueueIsFullError({ action: "city.get", nodeID: "other" })],
    ["an error of another node that says it is retryable", Object.assign(new Error("later"), { retryable: true })],
  ])("is %s: the fold waits as often as it comes", async (_what, error) => {
    let failures = 3;
    const faults = new Faults().at(2, () => {
      if (failures-- > 0) throw error;
    });
    const broker = await brokerWith({ faults, onError: { retries: 3 } });
    await appendTo(broker, "a", "b", "c");
    await caughtUp(broker, "table");
    expect(await parkedOf(broker)).toEqual([]);
    expect(await folded(broker)).toEqual([1, 2, 3]);
    // In order, and only the failed event twice.
    expect(faults.ran).toEqual([1, 2, 2, 2, 2, 3]);
  });

  it("is also a transform that takes longer than its time-out", async () => {
    const faults = new Faults();
    const held = Promise.withResolvers<void>();
    let calls = 0;
    const events = EventStore("events", { adapter: `sqlite:${newFolder()}/events.db` });
    const table = Aggregate("table", { eventStore: events, fields: { stream: "string", position: "integer" } })
      .on("thing.**")
      .create("host.transform");
    const broker = await startBroker([
      {
        name: "host",
        mixins: [events.mixin(), table.mixin()],
        actions: {
          transform: {
            timeout: 50,
            async handler(ctx: Context<RecordedEvent>) {
              if (++calls === 1) await held.promise;
              return faults.transform(ctx.params);
            },
          } as ActionSchema,
        },
      },
    ]);
    await appendTo(broker, "a");
    await caughtUp(broker, "table");
    expect(calls).toBeGreaterThan(1);
    expect(await parkedOf(broker)).toEqual([]);
    expect(await folded(broker)).toEqual([1]);
    // Its result comes too late to change anything.
    held.resolve();
    await appendTo(broker, "b");
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual([1, 2]);
  });

  it("does not hold back the rows that were folded before it", async () => {
    const held = new Faults().at(3, throwing(new Errors.MoleculerRetryableError("later", 500, "LATER", {})));
    const broker = await brokerWith({ faults: held });
    await appendTo(broker, "a", "b", "c", "d");
    expect(await inState(broker, "waiting")).toMatchObject({ position: 2, lag: 2, cause: "later" });
    expect(await folded(broker)).toEqual([1, 2]);
    held.mend(3);
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual([1, 2, 3, 4]);
  });
});

describe("Events parked in a row", () => {
  const all = (count: number, prefix = "s") => upTo(count).map((n) => `${prefix}${n}`);
  const poisoned = (...positions: number[]) => {
    const faults = new Faults();
    for (const position of positions) faults.at(position);
    return faults;
  };

  it("stop the aggregate after 20, with a cause, and resume goes on", async () => {
    const faults = poisoned(...upTo(25));
    const logger = new LogLines();
    const broker = await brokerWith({ faults, onError: { retries: 0 }, logger });
    await appendTo(broker, ...all(26));
    const status = await inState(broker, "stopped");
    expect(status).toMatchObject({ position: 20, head: 26, lag: 6, parked: 20, paused: false });
    expect(status.cause).toContain("20 events in a row");
    expect(status.cause).toContain("poison 20");
    await turns(broker);
    expect(await statusOf(broker)).toMatchObject({ state: "stopped", position: 20 });
    // Queries still work.
    expect(await folded(broker)).toEqual([]);
    expect(logger.of("warn", /^table stopped: 20 events in a row/)).toHaveLength(1);

    await broker.call("table.resume");
    await caughtUp(broker, "table");
    expect(await parkedPositions(broker)).toEqual(upTo(25));
    expect(await folded(broker)).toEqual([26]);
    expect(await statusOf(broker)).toMatchObject({ state: "live", parked: 25, cause: null });
  });

  it("stop it again after 20 more", async () => {
    const broker = await brokerWith({ faults: poisoned(...upTo(45)), onError: { retries: 0 } });
    await appendTo(broker, ...all(45));
    await inState(broker, "stopped");
    await broker.call("table.resume");
    await eventually(async () => expect(await statusOf(broker)).toMatchObject({ state: "stopped", position: 40 }));
  });

  it("do not stop it when a good event lies between them", async () => {
    const broker = await brokerWith({ faults: poisoned(...upTo(19), ...upTo(39, 21)), onError: { retries: 0 } });
    await appendTo(broker, ...all(39));
    await caughtUp(broker, "table");
    expect(await statusOf(broker)).toMatchObject({ state: "live", parked: 38 });
    expect(await folded(broker)).toEqual([20]);
  });

  it("do not stop it when they only wait behind one", async () => {
    const broker = await brokerWith({ faults: poisoned(1), onError: { retries: 0 } });
    await appendTo(broker, ...all(30).map(() => "one"));
    await caughtUp(broker, "table");
    expect(await statusOf(broker)).toMatchObject({ state: "live", parked: 30 });
  });

  it("stop it after the number in onError", async () => {
    const broker = await brokerWith({ faults: poisoned(...upTo(5)), onError: { retries: 0, maxParkedInARow: 3 } });
    await appendTo(broker, ...all(5));
    expect(await inState(broker, "stopped")).toMatchObject({ position: 3, parked: 3 });
  });

  it("can be retried while it is stopped", async () => {
    const faults = poisoned(...upTo(25));
    const broker = await brokerWith({ faults, onError: { retries: 0 } });
    await appendTo(broker, ...all(25));
    await inState(broker, "stopped");
    faults.mend(...upTo(25));
    expect(await broker.call("table.retry")).toEqual({ folded: 20, parked: 0 });
    expect(await folded(broker)).toEqual(upTo(20));
    await broker.call("table.resume");
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual(upTo(25));
  });
});

describe("The wait before a retry", () => {
  const anHour = 3_600_000;

  it("is ended by a pause, without a verdict on the event", async () => {
    const faults = new Faults().at(2);
    const broker = await brokerWith({ faults, onError: { retries: 1, delayMs: anHour } });
    await appendTo(broker, "a", "b", "c");
    await eventually(() => expect(faults.ran).toEqual([1, 2]));
    await broker.call("table.pause");
    expect(await statusOf(broker)).toMatchObject({ state: "paused", position: 1, parked: 0 });
    expect(await folded(broker)).toEqual([1]);
    faults.mend(2);
    await broker.call("table.resume");
    await caughtUp(broker, "table");
    expect(await folded(broker)).toEqual([1, 2, 3]);
  });

  it("is ended by a stop, and the event is tried again after the next start", async () => {
    const folder = newFolder();
    const faults = new Faults().at(2);
    const one = await brokerWith({ folder, faults, onError: { retries: 1, delayMs: anHour } });
    await appendTo(one, "a", "b", "c");
    await eventually(() => expect(faults.ran).toEqual([1, 2]));
    await one.stop();
    const two = await brokerWith({ folder });
    await caughtUp(two, "table");
    expect(await folded(two)).toEqual([1, 2, 3]);
    expect(await parkedOf(two)).toEqual([]);
  });

  it("is kept although the aggregate was paused and resumed before", async () => {
    const faults = new Faults().at(2);
    const broker = await brokerWith({ faults, onError: { retries: 1, delayMs: anHour } });
    await appendTo(broker, "a");
    await caughtUp(broker, "table");
    await broker.call("table.pause");
    await broker.call("table.resume");
    await appendTo(broker, "b");
    await eventually(() => expect(faults.ran).toEqual([1, 2]));
    await turns(broker);
    expect(faults.ran).toEqual([1, 2]);
    expect(await statusOf(broker)).toMatchObject({ parked: 0 });
  });
});

describe("Whatever was parked and retried", () => {
  it("is folded once, and each stream in its order", async () => {
    const folder = newFolder();
    const streams = upTo(120).map((n) => `s${(n * n + 3 * n) % 7}`);
    const faults = new Faults();
    for (const position of [3, 4, 17, 40, 41, 77, 120]) faults.at(position);
    const order: number[] = [];
    const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const table = Aggregate("table", {
      eventStore: events,
      fields: { position: "integer", count: "integer" },
      onError: { retries: 1, delayMs: 1 },
    })
      .on("thing.**")
      .update(async ({ stream, position }, view) => {
        const row = await view.get(stream);
        await faults.transform({ stream, position } as RecordedEvent);
        order.push(position);
        return { id: stream, position, count: (row?.count ?? 0) + 1 };
      });
    const broker = await startBroker([{ name: "host", mixins: [events.mixin(), table.mixin()] }]);
    await appendTo(broker, ...streams);
    await caughtUp(broker, "table");
    expect((await statusOf(broker)).parked).toBeGreaterThan(7);
    faults.mend(...upTo(120));
    await broker.call("table.retry");
    expect(await statusOf(broker)).toMatchObject({ parked: 0 });

    expect(order.toSorted((a, b) => a - b)).toEqual(upTo(120));
    const byStream = Map.groupBy(upTo(120), (position) => streams[position - 1]!);
    for (const [stream, positions] of byStream) {
      expect(order.filter((position) => streams[position - 1] === stream)).toEqual(positions);
      expect(await broker.call("table.get", { id: stream })).toEqual({
        id: stream,
        count: positions.length,
        position: positions.at(-1),
      });
    }
  });
});

describe("A stream that waits", () => {
  it.each(["skip", "retry"])("goes on after a start where a crash cut a %s short", async (order) => {
    const folder = newFolder();
    const crash = new CrashKit();
    const faults = new Faults().at(1);
    const broker = await brokerWith({ folder, crash, faults });
    const [id] = await appendTo(broker, "a", "a", "b", "a");
    await caughtUp(broker, "table");
    expect(await parkedPositions(broker)).toEqual([1, 2, 4]);
    faults.mend(1);
    crash.at("checkpoint written");
    broker.call(`table.${order}`, { id }).catch(() => null);
    await crash.happened;
    await broker.stop();
    crash.revive();
    const again = await brokerWith({ folder, crash, faults });
    await eventually(async () => expect(await parkedPositions(again)).toEqual([]));
    expect(await folded(again)).toEqual(order === "skip" ? [2, 3, 4] : [1, 2, 3, 4]);
  });
});
