import { rmSync } from "node:fs";
import type { Context, Middleware } from "moleculer";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";

const poll = { ...times.poll };
afterEach(async () => {
  await cleanUp();
  setTimes({ poll });
});

/** Counts pages and announcements, of which it can lose the next one. */
class Watch {
  pages = 0;
  announced = 0;
  losesNext = false;

  readonly middleware: Middleware = {
    localAction: (next: (ctx: Context) => Promise<unknown>, { name }: { name?: string }) =>
      name !== "$events.page" ? next : (ctx: Context) => (this.pages++, next(ctx)),
    localEvent: (next: (ctx: Context) => void | Promise<void>, { name }: { name?: string }) =>
      name !== "$events.appended" ? next : (ctx: Context) => (this.#isLost() ? undefined : next(ctx)),
  };

  #isLost(): boolean {
    this.announced++;
    const isLost = this.losesNext;
    this.losesNext = false;
    return isLost;
  }
}

async function start(watch: Watch, adapter = "memory:") {
  const events = EventStore("events", { adapter });
  const things = Aggregate("things", { eventStore: events, adapter: "memory:", fields: { name: "string" } })
    .on("thing.made")
    .create(({ id, payload }) => ({ id, ...payload }));
  const service = { name: "thing", mixins: [events.mixin(), things.mixin()] };
  return startBroker([service], { middlewares: [watch.middleware] });
}

const append = { stream: "thing-1", events: [{ type: "thing.made", payload: { name: "a" } }] };

describe("A table beside the only host of its store", () => {
  it("asks for no page while nothing happens, and is told of the head all the same", async () => {
    setTimes({ poll: { everyMs: 10 } });
    const watch = new Watch();
    const broker = await start(watch);
    await caughtUp(broker, "things");
    await eventually(() => expect(watch.announced).toBeGreaterThan(2));
    const { pages, announced } = watch;
    await eventually(() => expect(watch.announced).toBeGreaterThan(announced + 5));
    expect(watch.pages).toBe(pages);
  });

  it("finds the event whose announcement was lost", async () => {
    setTimes({ poll: { everyMs: 50 } });
    const watch = new Watch();
    const broker = await start(watch);
    await caughtUp(broker, "things");
    watch.losesNext = true;
    await broker.call("events.append", append);
    await eventually(async () => expect(await broker.call("things.count")).toBe(1));
    expect(watch.losesNext).toBe(false);
  });

  it("notices, while nothing happens, that the store does not respond any more", async () => {
    setTimes({ poll: { everyMs: 20 } });
    const folder = newFolder();
    const broker = await start(new Watch(), `sqlite:${folder}/events.db`);
    await caughtUp(broker, "things");
    rmSync(`${folder}/events.db`);
    await eventually(async () =>
      expect(await broker.call("things.status")).toMatchObject({
        state: "waiting",
        cause: expect.stringContaining("events.db"),
      }),
    );
  });

  it("obeys a pause and goes on after it", async () => {
    const broker = await start(new Watch());
    await caughtUp(broker, "things");
    await broker.call("things.pause");
    await broker.call("events.append", append);
    expect(await broker.call("things.status")).toMatchObject({ state: "paused", position: 0 });
    await broker.call("things.resume");
    await eventually(async () => expect(await broker.call("things.count")).toBe(1));
  });
});
