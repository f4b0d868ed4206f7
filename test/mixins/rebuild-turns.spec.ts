import { TimeShare } from "../../mixins/aggregate/rebuild/time-share.ts";
import { Aggregate, EventStore } from "../../index.ts";
import type { AggregateStatus } from "../../mixins/aggregate/host.ts";
import { cleanUp, eventually, startBroker } from "../support/broker.ts";

afterEach(cleanUp);

describe("The turns of a live fold and of the rebuild beside it", () => {
  let clock = 0;
  const turns = new TimeShare(() => clock);
  /** How long the rebuild may fold after the live fold has used this much. */
  const sliceAfter = async (liveMs: number): Promise<number> => {
    turns.begin();
    clock += liveMs;
    turns.yield();
    const since = clock;
    await turns.slice(() => {
      while (!turns.isOver) clock++;
      return Promise.resolve();
    });
    return clock - since;
  };

  it("give the rebuild two thirds of what the live fold used", async () => {
    expect(await sliceAfter(300)).toBe(200);
    expect(await sliceAfter(600)).toBe(400);
  });

  it("have a shortest and a longest length", async () => {
    expect(await sliceAfter(0)).toBe(50);
    expect(await sliceAfter(60_000)).toBe(500);
  });

  it("end the live fold's while a table is built, and only then", () => {
    turns.begin();
    turns.limit(false);
    clock += 100_000;
    expect(turns.isOver).toBe(false);
    turns.limit(true);
    clock += 499;
    expect(turns.isOver).toBe(false);
    clock += 1;
    expect(turns.isOver).toBe(true);
    turns.begin();
    expect(turns.isOver).toBe(false);
  });

  it("read no more events for the live fold than about a turn's", () => {
    turns.begin();
    turns.limit(true);
    expect(turns.eventsPerPage).toBe(1000);
    // Interrupted, not ended by its turn's limit.
    turns.recordLive(10, false);
    expect(turns.eventsPerPage).toBe(1000);
    clock += 500;
    turns.recordLive(300, false);
    expect(turns.eventsPerPage).toBe(300);
    turns.recordLive(300, true);
    expect(turns.eventsPerPage).toBe(600);
    turns.recordLive(1, false);
    expect(turns.eventsPerPage).toBe(100);
    for (let page = 0; page < 5; page++) turns.recordLive(0, true);
    expect(turns.eventsPerPage).toBe(1000);
  });

  it("leave no limit behind where a slice fails", async () => {
    await expect(turns.slice(() => Promise.reject(new Error("away")))).rejects.toThrow("away");
    clock += 100_000;
    expect(turns.isOver).toBe(false);
  });
});

describe("A rebuild beside a table with a backlog", () => {
  const before = 300;
  const backlog = 1200;

  /** A table of that many events, and the positions for which its transform is called from `slowDown` on. */
  const slowTable = async () => {
    const gate = Promise.withResolvers<void>();
    const reached = Promise.withResolvers<void>();
    let isSlow = false;
    const folded: number[] = [];
    const events = EventStore("events", { adapter: "memory:" });
    const table = Aggregate("table", { eventStore: events, fields: { n: "integer" } })
      .on("thing.happened")
      .create(async ({ id, position }) => {
        if (isSlow) {
          folded.push(position);
          // As if it called another service.
          await new Promise((answer) => setTimeout(answer, 1));
          reached.resolve();
          await gate.promise;
        }
        return { id, n: position };
      });
    const broker = await startBroker([{ name: "thing", mixins: [events.mixin(), table.mixin()] }]);
    const append = (count: number) =>
      broker.call("events.append", {
        stream: "thing-1",
        events: Array.from({ length: count }, () => ({ type: "thing.happened", payload: {} })),
      });
    const foldedUpTo = (position: number) =>
      eventually(async () =>
        expect((await broker.call<AggregateStatus>("table.status")).position).toBeGreaterThanOrEqual(position),
      );
    await append(before);
    await foldedUpTo(before);
    return {
      folded,
      slowDown: () => (isSlow = true),
      reached: reached.promise,
      release: () => gate.resolve(),
      append: () => append(backlog),
      order: () => broker.call("table.rebuild", { wait: false }),
      backlogDone: () => foldedUpTo(before + backlog),
    };
  };

  it("has folded at least a quarter as many events when the backlog is done", async () => {
    const { folded, slowDown, reached, release, append, order, backlogDone } = await slowTable();
    slowDown();
    await order();
    await reached;
    await append();
    release();
    await backlogDone();
    // The live fold reaches the last event first, since the rebuild begins behind it.
    const done = folded.indexOf(before + backlog) + 1;
    // As many as before the backlog: with these, a rebuild with priority is done.
    expect(done - backlog).toBeGreaterThanOrEqual(backlog / 4);
  });

  it("begins before the live fold is done with a whole page", async () => {
    const { folded, slowDown, reached, release, append, order, backlogDone } = await slowTable();
    slowDown();
    await append();
    await reached;
    await order();
    release();
    await backlogDone();
    // 500 ms are at most this many events of a millisecond each.
    expect(folded.indexOf(1)).toBeLessThan(600);
  });
});
