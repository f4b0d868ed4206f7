import { EventStore, ProcessManager } from "moleculer-event-sourcing";
import { Errors, type ServiceBroker } from "moleculer";
import { eventsIn } from "../support/pages.ts";
import { cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { Desk, happen, kinds, parkedStreams, readerService, statusOf, withStatus } from "./desk.ts";

afterEach(cleanUp);

const never = () => new Promise(() => {});
const busy = () => Promise.reject(new Errors.MoleculerRetryableError("not now", 503, "BUSY", {}));

/** Waits until the event has failed this often, while everything waits for it. */
const withTries = (broker: ServiceBroker, id: string | undefined, tries: number) =>
  eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject({ state: "waiting", parked: 0, failing: { id } });
    expect(status.failing!.attempts).toBeGreaterThanOrEqual(tries);
  });

const inTurn = ["b", "c", "a", "b", "c"];

describe.each(kinds)("An event that never passes, in %s", (kind) => {
  it.each([
    ["whose call always times out", never, /desk\.serve|timed out/],
    ["whose call is always refused as retryable", busy, /not now/],
  ])("%s is parked with its stream, and all others go on", async (_what, fault, message) => {
    const desk = new Desk().failsFor("a", fault);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    const [id] = await happen(broker, "a", ...inTurn);
    // A process manager handles other processes beside it, so there may be none left to probe.
    await eventually(async () => {
      if (kind === "process manager") await happen(broker, "b");
      expect(await parkedStreams(broker)).toEqual(["thing-a"]);
    });
    const status = await withStatus(broker, { state: "live", lag: 0, failing: null, cause: null });
    expect(status.parked).toBe(kind === "aggregate" ? 2 : 1);
    expect(await parkedStreams(broker)).toEqual(["thing-a"]);
    const { events } = await broker.call<{ events: { id: string; error: Error; attempts: number }[] }>("reader.parked");
    expect(events[0]).toMatchObject({ id, error: { message: expect.stringMatching(message) as string } });
    desk.works();
    await broker.call("reader.retry");
    await withStatus(broker, { parked: 0, lag: 0 });
    for (const entity of ["a", "b", "c"])
      expect(desk.served.filter((one) => one === entity).length).toBeGreaterThanOrEqual(2);
  });

  it.each([
    ["times out", never],
    ["refuses as retryable", busy],
  ])("is taken for an outage where its service %s for all", async (_what, fault) => {
    const desk = new Desk().failsFor("*", fault);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    const [id] = await happen(broker, "a", ...inTurn);
    await withStatus(broker, { state: "waiting", position: 0, parked: 0, failing: { id } });
    await withTries(broker, id, 4);
    expect(desk.called).toEqual(expect.arrayContaining(["b", "c"]));
    desk.works();
    await withStatus(broker, { state: "live", lag: 0, parked: 0, failing: null });
    expect(desk.served.filter((one) => one === "a")).toEqual(["a", "a"]);
  });

  it("is taken for an outage where there is none to probe, until a later one passes", async () => {
    const desk = new Desk().failsFor("a", busy);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    const [id] = await happen(broker, "a", "a");
    await withTries(broker, id, 4);
    await eventually(async () => {
      await happen(broker, "b");
      await withStatus(broker, { parked: kind === "aggregate" ? 2 : 1 });
    });
    expect(await parkedStreams(broker)).toEqual(["thing-a"]);
  });

  it("is told from an outage even if more events that never pass come next than are probed at a time", async () => {
    const bad = ["a", "b", "c", "d", "e", "f"];
    const desk = new Desk();
    for (const entity of bad) desk.failsFor(entity, busy);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    await happen(broker, ...bad);
    await eventually(async () => {
      await happen(broker, "x");
      expect((await parkedStreams(broker)).toSorted()).toEqual(bad.map((entity) => `thing-${entity}`));
    });
    await withStatus(broker, { state: "live", lag: 0, parked: bad.length, failing: null });
    expect(new Set(desk.served)).toEqual(new Set(["x"]));
  });

  it("is given up by skip, during an outage and after it was parked", async () => {
    const desk = new Desk().failsFor("*", busy);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    const [id, second] = await happen(broker, "a", "a", "b");
    await withStatus(broker, { state: "waiting", failing: { id } });
    await broker.call("reader.skip", { id });
    await withStatus(broker, { state: "waiting", failing: { id: second } });
    desk.works();
    desk.failsFor("a", busy);
    if (kind === "process manager") {
      await withTries(broker, second, 4);
      await happen(broker, "b");
    }
    await withStatus(broker, { state: "live", lag: 0, parked: 1 });
    await broker.call("reader.skip", { id: second });
    await withStatus(broker, { state: "live", lag: 0, parked: 0 });
    expect(new Set(desk.served)).toEqual(new Set(["b"]));
  });

  it.each([
    ["always times out", never],
    ["is always refused as retryable", busy],
  ])(
    "%s and is parked, is given up by skip, and the later ones of its stream follow in order",
    async (_what, fault) => {
      const desk = new Desk().failsFor("a", fault);
      const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
      const [id] = await happen(broker, "a", "b", "a", "a", "c");
      await eventually(async () => {
        await happen(broker, "b");
        expect(await parkedStreams(broker)).toEqual(["thing-a"]);
      });
      await withStatus(broker, { state: "live", lag: 0 });
      expect(new Set(desk.served)).toEqual(new Set(["b", "c"]));
      desk.works();
      await broker.call("reader.skip", { id });
      await happen(broker, "a");
      const { position: last } = await withStatus(broker, { state: "live", lag: 0, parked: 0 });
      const ofA = desk.positions.filter((_position, index) => desk.served[index] === "a");
      expect(ofA).toEqual([3, 4, last]);
    },
  );

  it.each([
    ["always times out", never],
    ["is always refused as retryable", busy],
  ])("%s, is given up by skip while it is waited for, and what it held up follows in order", async (_what, fault) => {
    const desk = new Desk().failsFor("a", fault);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    // All of one stream, so that there is none to probe.
    const [id, second] = await happen(broker, "a", "a", "a");
    await withTries(broker, id, 2);
    await broker.call("reader.skip", { id });
    await withStatus(broker, { state: "waiting", failing: { id: second } });
    desk.works();
    await withStatus(broker, { state: "live", lag: 0, parked: 0, failing: null });
    expect(desk.positions).toEqual([2, 3]);
  });

  it("is not probed for while its service is not there at all", async () => {
    const desk = new Desk();
    const broker = await startBroker([readerService(kind, newFolder())]);
    const [id] = await happen(broker, "a", "b");
    await withTries(broker, id, 4);
    broker.createService(desk.service);
    await withStatus(broker, { state: "live", lag: 0, parked: 0 });
    expect(desk.served.toSorted()).toEqual(["a", "b"]);
  });
});

describe("A deadline that never passes", () => {
  it("is parked with its process once a deadline of another process has passed", async () => {
    const eventStore = EventStore("events", { adapter: "memory:" });
    const fired: string[] = [];
    const manager = ProcessManager("reader", {
      eventStore,
      onError: { retries: 1, delayMs: 1 },
      on: { "thing.*": (_event, { schedule }) => schedule("late", 1) },
      deadlines: {
        late: (_deadline, { id }) => {
          if (id === "a") return busy();
          fired.push(id);
        },
      },
    });
    const broker = await startBroker([{ name: "host", mixins: [eventStore.mixin(), manager.mixin()] }]);
    await happen(broker, "a");
    const { failing } = await withStatus(broker, { state: "waiting", failing: { type: "late", process: "a" } });
    await eventually(async () => {
      await happen(broker, "b");
      expect(await eventsIn(broker.call<{ events: object[] }>("reader.parked"))).toMatchObject([{ id: failing!.id }]);
    });
    await withStatus(broker, { state: "live", lag: 0, parked: 1, failing: null });
    expect(fired).toContain("b");
  });
});

describe("An event that a subscription has handled before its turn", () => {
  it("is handled neither again nor skipped after a restart", async () => {
    const desk = new Desk().failsFor("a", busy);
    const folder = newFolder();
    // Stops before the event, after another one was handled instead.
    const service = () => [
      readerService("subscription", folder, { retries: 0, delayMs: 1, park: false }),
      desk.service,
    ];
    const one = await startBroker(service());
    await happen(one, "a", "b", "c");
    await withStatus(one, { state: "stopped", position: 0 });
    expect(desk.served).toEqual(["b"]);
    await one.stop();
    desk.works();
    const two = await startBroker(service());
    await withStatus(two, { state: "live", lag: 0 });
    expect(desk.served).toEqual(["b", "a", "c"]);
  });
});
