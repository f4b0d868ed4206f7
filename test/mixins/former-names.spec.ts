import {
  Aggregate,
  EventStore,
  ProcessManager,
  Subscription,
  type ProcessManagerOptions,
} from "moleculer-event-sourcing";
import type { Adapter, ConsumerStatus, ProcessSummary, RecordedEvent } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { memory } from "../../adapters/memory/memory.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn, processesIn } from "../support/pages.ts";
import { appendTo } from "./watch.ts";

afterEach(cleanUp);

interface Names {
  name: string;
  formerName?: string;
}

const withStatus = (broker: ServiceBroker, name: string, expected: Partial<ConsumerStatus>): Promise<ConsumerStatus> =>
  eventually(async () => {
    const status: ConsumerStatus = await broker.call(`${name}.status`);
    expect(status).toMatchObject(expected);
    return status;
  });

describe("A renamed subscription", () => {
  const store = (adapter: Adapter) => EventStore("events", { adapter });
  const mailer = (events: ReturnType<typeof store>, names: Names, seen: number[], fails: () => boolean = () => false) =>
    Subscription(names.name, {
      eventStore: events,
      ...(names.formerName !== undefined && { formerName: names.formerName }),
      onError: { retries: 1, delayMs: 1 },
      on: {
        "thing.**": ({ position }) => {
          if (fails()) throw new Error("no mail");
          seen.push(position);
        },
      },
    });
  const host = (adapter: Adapter, names: Names, seen: number[], fails?: () => boolean): ServiceSchema => {
    const events = store(adapter);
    return { name: "host", mixins: [events.mixin(), mailer(events, names, seen, fails).mixin()] };
  };
  const run = async (adapter: Adapter, names: Names, seen: number[], ...streams: string[]) => {
    const broker = await startBroker([host(adapter, names, seen)]);
    await appendTo(broker, ...streams);
    await caughtUp(broker, names.name);
    await broker.stop();
  };
  const renamed = { name: "letters", formerName: "mails" };

  it("goes on from the checkpoint of its former name, at the second start too, and back under that name", async () => {
    const [adapter, seen] = [memory(), [] as number[]];
    await run(adapter, { name: "mails" }, seen, "a", "b");
    await run(adapter, renamed, seen, "c");
    await run(adapter, renamed, seen, "d");
    await run(adapter, { name: "mails" }, seen, "e");
    await run(adapter, renamed, seen);
    expect(seen).toEqual([1, 2, 3, 4, 5]);
  });

  it("keeps the parked events and the pause of its former name", async () => {
    const adapter = memory();
    const first = await startBroker([host(adapter, { name: "mails" }, [], () => true)]);
    await appendTo(first, "a");
    await withStatus(first, "mails", { parked: 1 });
    await first.call("mails.pause");
    await first.stop();
    const seen: number[] = [];
    const second = await startBroker([host(adapter, renamed, seen)]);
    await withStatus(second, "letters", { state: "paused", parked: 1 });
    await second.call("letters.resume");
    await second.call("letters.retry");
    expect(seen).toEqual([1]);
  });

  it("whose option is removed again waits instead of sending everything again", async () => {
    const [adapter, seen] = [memory(), [] as number[]];
    await run(adapter, renamed, seen, "a");
    const broker = await startBroker([host(adapter, { name: "letters" }, seen)]);
    const { cause } = await withStatus(broker, "letters", { state: "waiting" });
    expect(cause).toBe(
      'letters.formerName: found undefined, expected "mails": its checkpoint is stored under that name',
    );
    expect(seen).toEqual([1]);
  });

  it("that is renamed again names its first name, not the one between", async () => {
    const [adapter, seen] = [memory(), [] as number[]];
    await run(adapter, { name: "mails" }, seen, "a");
    await run(adapter, renamed, seen, "b");
    const broker = await startBroker([host(adapter, { name: "post", formerName: "letters" }, seen)]);
    const { cause } = await withStatus(broker, "post", { state: "waiting" });
    expect(cause).toContain('post.formerName: found "letters", expected "mails"');
    await broker.stop();
    await run(adapter, { name: "post", formerName: "mails" }, seen, "c");
    expect(seen).toEqual([1, 2, 3]);
  });

  it("cannot have its new name as the former one of its first name", async () => {
    const [adapter, seen] = [memory(), [] as number[]];
    await run(adapter, { name: "mails" }, seen, "a");
    await run(adapter, renamed, seen);
    const broker = await startBroker([host(adapter, { name: "mails", formerName: "letters" }, seen)]);
    const { cause } = await withStatus(broker, "mails", { state: "waiting" });
    expect(cause).toBe('mails.formerName: found "letters", expected no former name: mails has a checkpoint of its own');
    expect(seen).toEqual([1]);
  });

  it("waits if the new name has a checkpoint of its own", async () => {
    const [adapter, seen] = [memory(), [] as number[]];
    await run(adapter, { name: "mails" }, [], "a");
    await run(adapter, { name: "letters" }, []);
    const broker = await startBroker([host(adapter, renamed, seen)]);
    const { cause } = await withStatus(broker, "letters", { state: "waiting" });
    expect(cause).toContain('found "mails", expected no former name: letters has a checkpoint of its own');
    expect(seen).toEqual([]);
  });

  it("begins like a new one where its former name has never run", async () => {
    const [adapter, seen] = [memory(), [] as number[]];
    await run(adapter, renamed, seen, "a", "b");
    expect(seen).toEqual([1, 2]);
  });

  it("cannot be on one broker with the consumer of its former name", async () => {
    const events = store(memory());
    const mixins = [{ name: "mails" }, renamed].map((names) => mailer(events, names, []).mixin());
    const error = await refusal(() => startBroker([{ name: "host", mixins: [events.mixin(), ...mixins] }]));
    expect(error.message).toMatch(/has the checkpoint of (mails|letters), which this broker has too/);
  });

  it.each(["letters", "", "a b", 5, null])("is refused for the former name %j", async (formerName) => {
    const options = { eventStore: store(memory()), on: { a: () => {} }, formerName };
    const error = await refusal(() => (Subscription as (name: string, options: object) => unknown)("letters", options));
    expect(error.message.startsWith("letters.formerName: found ")).toBe(true);
  });
});

describe("A renamed process manager", () => {
  type Options = Pick<ProcessManagerOptions<Record<string, Record<string, unknown>>, { count: number }, "late">, "on">;
  const host = (adapter: Adapter, { name, formerName }: Names, given: Options, asked: string[]): ServiceSchema[] => {
    const events = EventStore("events", { adapter });
    const manager = ProcessManager<Record<string, Record<string, unknown>>, { count: number }, "late">(name, {
      eventStore: events,
      ...(formerName !== undefined && { formerName }),
      initialState: () => ({ count: 0 }),
      deadlines: { late: ({ id }) => void asked.push(id) },
      onError: { retries: 0 },
      ...given,
    });
    const note = (ctx: Context) => void asked.push(String(ctx.headers["commandId"]));
    return [
      { name: "host", mixins: [events.mixin(), manager.mixin()] },
      { name: "notes", actions: { note } },
    ];
  };
  const counted = (fails: boolean): Options => ({
    on: {
      "thing.happened": async (_event: RecordedEvent, { state, call, schedule }) => {
        await call("notes.note", {});
        schedule("late", "2999-01-01");
        if (fails) throw new Error("handled in part");
        return { count: state.count + 1 };
      },
    },
  });
  const renamed = { name: "delivery", formerName: "shipping" };

  it("keeps its processes with their state and deadlines", async () => {
    const adapter = memory();
    const first = await startBroker(host(adapter, { name: "shipping" }, counted(false), []));
    await appendTo(first, "s-1");
    await caughtUp(first, "shipping");
    const before: ProcessSummary[] = await processesIn(first.call("shipping.processes"));
    await first.stop();
    const second = await startBroker(host(adapter, renamed, counted(false), []));
    await caughtUp(second, "delivery");
    expect(await processesIn(second.call("delivery.processes"))).toEqual(before);
    expect(before).toMatchObject([{ id: "1", state: { count: 1 }, deadlines: [{ name: "late" }] }]);
  });

  it("sends the commands of an event that is handled in part under the ids of its former name", async () => {
    const [adapter, asked] = [memory(), [] as string[]];
    const first = await startBroker(host(adapter, { name: "shipping" }, counted(true), asked));
    await appendTo(first, "s-1");
    await withStatus(first, "shipping", { parked: 1 });
    await first.stop();
    const second = await startBroker(host(adapter, renamed, counted(false), asked));
    await caughtUp(second, "delivery");
    await second.call("delivery.retry");
    expect(asked).toHaveLength(2);
    expect(asked[1]).toBe(asked[0]);
    expect(await eventsIn(second.call("delivery.parked"))).toEqual([]);
  });
});

describe("A renamed table", () => {
  const host = (folder: string, { name, formerName }: Names, folded: number[]): ServiceSchema => {
    const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
    const table = Aggregate(name, {
      eventStore: events,
      fields: { position: "integer" },
      definitionVersion: 1,
      ...(formerName !== undefined && { formerName }),
    })
      .on("thing.**")
      .create(({ position }, { id }) => {
        folded.push(position);
        return { id, position };
      });
    return { name: "host", mixins: [events.mixin(), table.mixin()] };
  };

  it("keeps its rows, its snapshots and its pause, and folds only new events", async () => {
    const [folder, folded] = [newFolder(), [] as number[]];
    const first = await startBroker([host(folder, { name: "books" }, folded)]);
    await appendTo(first, "s-1", "s-2");
    await caughtUp(first, "books");
    const { id } = await first.call<{ id: string }>("books.snapshot");
    await first.call("books.pause");
    await first.stop();
    const renamed = { name: "volumes", formerName: "books" };
    const second = await startBroker([host(folder, renamed, folded)]);
    await withStatus(second, "volumes", { state: "paused" });
    await second.call("volumes.resume");
    await appendTo(second, "s-3");
    await caughtUp(second, "volumes");
    // The snapshot has stored two events.
    expect(folded).toEqual([1, 2, 5]);
    expect(await second.call("volumes.count")).toBe(3);
    expect(JSON.stringify(await second.call("volumes.snapshots"))).toContain(id);
    expect(await second.call("volumes.verify", { snapshotId: id })).toMatchObject({ ok: true });
  });
});
