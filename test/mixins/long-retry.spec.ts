import type { ServiceBroker } from "moleculer";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { CrashKit } from "moleculer-event-sourcing/testing";
import { cleanUp, eventually, refusal } from "../support/broker.ts";
import { kinds, WaitingWork } from "../support/waiting-work.ts";
import { eventsIn } from "../support/pages.ts";

afterEach(cleanUp);

const upTo = (last: number) => Array.from({ length: last }, (_, index) => index + 1);
/** Events that wait behind it when it is retried. */
const waiting = 40;
const middle = 20;

const retry = (broker: ServiceBroker): Promise<{ folded: number; parked: number }> => broker.call("consumer.retry");
const parkedCount = async (broker: ServiceBroker): Promise<number> =>
  (await broker.call<{ parked: number }>("consumer.status")).parked;

describe.each(kinds)("A retry of a long stream, of a %s", (kind) => {
  const isTable = kind.startsWith("table");

  /** A retry that has reached the middle of the waiting events, where it is held until `open`. */
  async function inTheMiddle(log = memory()) {
    const work = new WaitingWork(kind, { log });
    const broker = await work.start();
    const ids = await work.fill(broker, waiting);
    const { promise, resolve: open } = Promise.withResolvers<void>();
    work.at.set(middle, () => promise);
    work.isPoisoned = false;
    work.ran.length = 0;
    const retried = retry(broker).catch((error: unknown) => error);
    await eventually(() => expect(work.ran).toContain(middle));
    return { work, broker, ids, open, retried };
  }

  it("reads and writes as much as there are events, not more for each", async () => {
    const work = new WaitingWork(kind);
    const broker = await work.start();
    await work.fill(broker, 3000);
    expect(await broker.call("consumer.status")).toMatchObject(
      isTable ? { parked: 3001 } : { parked: 1, waiting: 3000 },
    );
    const bytes = () => work.table.bytes + work.kept.bytes;
    // One write per page or batch, of constant size.
    expect(bytes()).toBeLessThan(200_000);
    Object.assign(work.read, { events: 0 });
    const before = bytes();
    work.isPoisoned = false;
    work.ran.length = 0;
    expect(await retry(broker)).toEqual({ folded: 3001, parked: 0 });
    expect(work.ran).toEqual(upTo(3001));
    expect(work.read.events).toBeLessThan(2 * 3001);
    // A process is stored after each event.
    expect(bytes() - before).toBeLessThan(3001 * 1000);
    expect(work.table.commits).toBeLessThan(3001);
    expect(work.table.writes).toBeLessThanOrEqual(2 * work.table.commits);
  });

  it("is ended by a pause with its progress so far, and continues when it is resumed", async () => {
    const { work, broker, open, retried } = await inTheMiddle();
    const paused = broker.call("consumer.pause");
    open();
    await paused;
    const { folded, parked } = (await retried) as { folded: number; parked: number };
    expect(folded).toBe(work.ran.length);
    expect(folded).toBeLessThan(waiting);
    expect(parked).toBe(isTable ? waiting + 1 - folded : kind === "subscription" ? 1 : 0);
    await broker.call("consumer.resume");
    await eventually(() => expect(work.ran).toHaveLength(waiting + 1));
    expect(work.ran).toEqual(upTo(waiting + 1));
    expect(await retry(broker)).toEqual({ folded: 0, parked: 0 });
  });

  it("is done once for two callers", async () => {
    const { work, broker, open, retried } = await inTheMiddle();
    const again = retry(broker);
    open();
    expect(await again).toMatchObject({ parked: 0 });
    expect(await retried).toMatchObject({ parked: 0 });
    expect(work.ran).toEqual(upTo(waiting + 1));
  });

  it("does not hold up a stop, and goes on after the next start", async () => {
    const log = memory();
    const { work, broker, open, retried } = await inTheMiddle(log);
    const stopped = broker.stop();
    await eventually(() => expect(broker.stopping).toBe(true));
    open();
    await stopped;
    expect(await retried).toMatchObject({ type: "STORE_UNAVAILABLE" });
    expect(work.ran.length).toBeLessThan(waiting);
    const again = await work.start();
    await eventually(async () => expect(await parkedCount(again)).toBe(0));
    await eventually(() => expect(work.ran).toHaveLength(waiting + 1));
    expect(work.ran).toEqual(upTo(waiting + 1));
  });

  it("reports how many are left", async () => {
    const { broker, open, retried } = await inTheMiddle();
    const paused = broker.call("consumer.pause");
    open();
    await paused;
    const { folded } = (await retried) as { folded: number };
    const left = waiting + 1 - folded;
    expect(await broker.call("consumer.status")).toMatchObject(isTable ? { parked: left } : { waiting: left });
  });

  it("lets other streams go on meanwhile", async () => {
    const { work, broker, open, retried } = await inTheMiddle();
    await broker.call("events.append", { stream: "other", events: [{ type: "thing.happened", payload: {} }] });
    // Two of them take longer than a slice of the retry: the event is read after the first, and handled after the
    // second.
    for (const position of [middle + 1, middle + 3])
      work.at.set(position, async () => {
        const began = performance.now();
        while (performance.now() < began + 100) await new Promise((turn) => setImmediate(turn));
      });
    open();
    await retried;
    expect(work.ran.indexOf(waiting + 2)).toBeLessThan(work.ran.indexOf(waiting + 1));
    expect(work.ran.toSorted((a, b) => a - b)).toEqual(upTo(waiting + 2));
  });

  if (isTable) {
    it("is not begun again after a crash: what was committed is folded once", async () => {
      const crash = new CrashKit();
      const work = new WaitingWork(kind, { crash });
      const broker = await work.start();
      await work.fill(broker, 1500);
      work.isPoisoned = false;
      work.ran.length = 0;
      // The failed event, and then a batch of at most 500.
      crash.at("checkpoint written", { after: 3 });
      retry(broker).catch(() => {});
      await crash.happened;
      const before = work.ran.length;
      await broker.stop();
      crash.revive();
      const again = await work.start();
      await eventually(async () => expect(await parkedCount(again)).toBe(0));
      expect(await again.call("consumer.count")).toBe(1501);
      // No event of the three commits runs again.
      expect(work.ran).toEqual(upTo(1501));
      expect(before).toBeLessThan(1501);
    });

    it("passes over what is skipped meanwhile", async () => {
      const { work, broker, ids, open, retried } = await inTheMiddle();
      const skipped = broker.call("consumer.skip", { id: ids[waiting - 1] });
      await eventually(async () => expect(await parkedCount(broker)).toBeLessThanOrEqual(waiting));
      open();
      expect(await skipped).toMatchObject({ parked: 0 });
      await retried;
      expect(work.ran).toEqual(upTo(waiting + 1).filter((position) => position !== waiting));
    });
  }
});

describe.each(["table in memory", "table on SQLite"] as const)("The events that wait in a %s", (kind) => {
  it("are counted whole, listed up to a thousand, and found by their ids", async () => {
    const work = new WaitingWork(kind);
    const broker = await work.start();
    const ids = await work.fill(broker, 1500);
    expect(await parkedCount(broker)).toBe(1501);
    const listed: { id: string; error: object | null }[] = await eventsIn(broker.call("consumer.parked"));
    expect(listed.map(({ id }) => id)).toEqual(ids.slice(0, 1001));
    expect(listed.filter(({ error }) => error)).toHaveLength(1);
    const last = { id: ids[1500], stream: "s", version: 1501, position: 1501, error: null, attempts: 0 };
    expect(await eventsIn(broker.call("consumer.parked", { id: ids[1500] }))).toMatchObject([last]);
    expect(await eventsIn(broker.call("consumer.parked", { stream: "t" }))).toEqual([]);
    expect((await refusal(() => broker.call("consumer.parked", { stram: "t" }))).message).toContain("stram");
    expect(await broker.call("consumer.skip", { id: ids[1500] })).toMatchObject({ folded: 0, parked: 1500 });
    expect(await eventsIn(broker.call("consumer.parked", { id: ids[1500] }))).toEqual([]);
    expect(await refusal(() => broker.call("consumer.skip", { id: ids[1500] }))).toMatchObject({ code: 404 });
    work.isPoisoned = false;
    expect(await retry(broker)).toEqual({ folded: 1500, parked: 0 });
  });
});
