import { Aggregate, EventStore, type AggregateOptions, type RecordedEvent } from "moleculer-event-sourcing";
import type { Adapter } from "moleculer-event-sourcing";
import type { ServiceBroker, ServiceSchema } from "moleculer";
import { memory } from "../../adapters/memory/memory.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { eventsIn } from "../support/pages.ts";
import { appendTo } from "./watch.ts";

afterEach(cleanUp);

type Start = AggregateOptions<Record<string, object>, { count: "integer" }>["startFrom"];

const service = (adapter: Adapter, table: string, startFrom?: Start): ServiceSchema => {
  const events = EventStore("events", { adapter });
  const counts = Aggregate("counts", {
    eventStore: events,
    fields: { count: "integer" },
    adapter: table,
    ...(startFrom !== undefined && { startFrom }),
  })
    .on("thing.**")
    .update(({ position }, { id }) => ({ id, count: position }));
  return { name: "host", mixins: [events.mixin(), counts.mixin()] };
};

const ids = async (broker: ServiceBroker, action = "find", params: object = {}): Promise<string[]> => {
  const answer: { id: string }[] | { rows: { id: string }[] } = await broker.call(`counts.${action}`, params);
  return (Array.isArray(answer) ? answer : answer.rows).map(({ id }) => id).toSorted();
};

const started = async (adapter: Adapter, startFrom?: Start, folder = newFolder()): Promise<ServiceBroker> => {
  const broker = await startBroker([service(adapter, `sqlite:${folder}/counts.db`, startFrom)]);
  await caughtUp(broker, "counts");
  return broker;
};

describe("A table that begins at a place of the log", () => {
  it("has the rows of the later events, live, rebuilt, in the past and after a restart", async () => {
    const [adapter, folder] = [memory(), newFolder()];
    const first = await startBroker([{ name: "filler", mixins: [EventStore("events", { adapter }).mixin()] }]);
    await appendTo(first, "s-a", "s-b", "s-c");
    await first.stop();
    const broker = await started(adapter, { position: 2 }, folder);
    expect(await ids(broker)).toEqual(["c"]);
    await appendTo(broker, "s-d");
    await caughtUp(broker, "counts");
    await broker.call("counts.rebuild");
    expect(await ids(broker)).toEqual(["c", "d"]);
    expect(await ids(broker, "at", { position: 3 })).toEqual(["c"]);
    expect(await ids(broker, "at", { position: 1 })).toEqual([]);
    expect(await broker.call("counts.verify")).toMatchObject({ ok: true, total: 0 });
    await broker.stop();
    const again = await started(adapter, { position: 2 }, folder);
    await appendTo(again, "s-e");
    await caughtUp(again, "counts");
    expect(await ids(again)).toEqual(["c", "d", "e"]);
  });

  it("begins at the first event that is not older than a time", async () => {
    const adapter = memory();
    const first = await startBroker([{ name: "filler", mixins: [EventStore("events", { adapter }).mixin()] }]);
    await appendTo(first, "s-a");
    const [old] = await eventsIn<RecordedEvent>(first.call("events.read"));
    await eventually(() => expect(Date.now()).toBeGreaterThan(Date.parse(old!.time)));
    await appendTo(first, "s-b");
    const time = (await eventsIn<RecordedEvent>(first.call("events.read")))[1]!.time;
    await first.stop();
    const broker = await started(adapter, { time });
    expect(await ids(broker)).toEqual(["b"]);
    expect(await broker.call("counts.verify")).toMatchObject({ ok: true, total: 0 });
  });

  it("is folded anew when the place changes, and is empty before it", async () => {
    const [adapter, folder] = [memory(), newFolder()];
    const one = await started(adapter, undefined, folder);
    await appendTo(one, "s-a", "s-b");
    await caughtUp(one, "counts");
    await one.stop();
    const two = await started(adapter, { position: 1 }, folder);
    await eventually(async () => expect(await ids(two)).toEqual(["b"]));
    await two.stop();
    const three = await started(adapter, undefined, folder);
    await eventually(async () => expect(await ids(three)).toEqual(["a", "b"]));
  });

  it("waits beyond the head, and begins when the log has reached it", async () => {
    const broker = await startBroker([service(memory(), `sqlite:${newFolder()}/counts.db`, { position: 1 })]);
    await eventually(async () =>
      expect(await broker.call("counts.status")).toMatchObject({
        state: "waiting",
        cause: "counts.startFrom.position: found 1, expected at most the store's head, 0",
      }),
    );
    await appendTo(broker, "s-a", "s-b");
    await caughtUp(broker, "counts");
    expect(await ids(broker)).toEqual(["b"]);
  });

  it.each([
    ["origin", 'counts.startFrom: found "origin", expected { position } with a whole number from 0, or { time } with'],
    [null, "counts.startFrom: found null, expected { position }"],
    [{}, "counts.startFrom: found an object, expected { position }"],
    [{ position: 1, time: "2026-01-01" }, "counts.startFrom: found { position, time }, expected { position }"],
    [{ position: -1 }, "counts.startFrom.position: found -1, expected a whole number from 0"],
    [{ time: "soon" }, 'counts.startFrom.time: found "soon", expected a time of ISO 8601, or a Date'],
    [{ time: 0 }, "counts.startFrom.time: found 0, expected a time of ISO 8601, or a Date"],
  ])("is refused at %j", async (startFrom, message) => {
    const error = await refusal(() => service(memory(), "memory:", startFrom as unknown as Start));
    expect(error.message.slice(0, message.length)).toBe(message);
  });
});
