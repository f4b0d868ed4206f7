import { randomUUID } from "node:crypto";
import type { BrokerOptions, ServiceBroker } from "moleculer";
import type { ProcessSummary } from "moleculer-event-sourcing";
import { toImportRequest } from "../../core/interchange/history-event.ts";
import { caughtUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { processesIn } from "../support/pages.ts";
import { startCli } from "./cli-process.ts";
import { logAt, open } from "./copy-cases.ts";
import { shop, type Doings } from "./shop.ts";

export const pause = (log: string) => startCli(["pause", log, "--name", "shopEvents"]);

/** An order that no consumer has handled, since no host of the log is running. */
export async function placeOrder(place: string, order: string): Promise<void> {
  const log = logAt(place);
  await log.open();
  const event = { id: randomUUID(), type: "order.placed", stream: `order-${order}`, payload: { order, amount: 1 } };
  await log.append([toImportRequest({ ...event, meta: { correlationId: "c", causationId: "d" } }, 1e6)]);
  await log.close();
}

/** A log with two orders that are handled, and a third that is not. */
export async function stopped(place: string, folder: string): Promise<void> {
  const { broker } = await open(place, folder);
  for (const order of ["1", "2"]) await broker.call("shop.order", { order, amount: 1 });
  await caughtUp(broker, "sales");
  for (const consumer of ["mails", "payments"])
    await eventually(async () => expect(await broker.call(`${consumer}.status`)).toMatchObject({ lag: 0 }));
  await broker.stop();
  await placeOrder(place, "3");
}

/** The shop in another life, with a listener of its own. Resolves once its table is at the end of the log. */
export async function start(place: string, folder: string, options: BrokerOptions = {}) {
  const doings: Doings = { folded: [], handled: [] };
  const heard: string[] = [];
  const listener = {
    name: "listener",
    events: { "order.placed": (ctx: { params: { stream: string } }) => void heard.push(ctx.params.stream) },
  };
  const broker = await startBroker([shop(place, folder, doings), listener], options);
  await caughtUp(broker, "sales");
  const handled = () => doings.handled.map(({ stream }) => stream);
  const processes = async () =>
    (await processesIn<ProcessSummary>(broker.call("payments.processes", { limit: 100 })))
      .map(({ id }) => id)
      .toSorted();
  return { broker, heard, handled, processes };
}

export const rests = async (broker: ServiceBroker, ...consumers: string[]) => {
  for (const consumer of consumers)
    await eventually(async () =>
      expect(await broker.call(`${consumer}.status`)).toMatchObject({ state: "paused", paused: true }),
    );
};

/** What a pause of everything is, whatever the engine; `place` makes the name of a new log. */
export function pauses(place: (folder: string) => string): void {
  describe("A log that was paused before its start", () => {
    it("is folded and read, and nothing acts on it until all is resumed", async () => {
      const folder = newFolder();
      const log = place(folder);
      await stopped(log, folder);
      const ended = await pause(log);
      expect(ended).toMatchObject({ code: 0 });
      expect(ended.output).toMatch(
        /^The log ends at position 3: order\.placed of order-3, [\dT:.-]+Z, id [\da-f-]{36}\.\npump: handled up to position 2\n/,
      );
      for (const consumer of ["subscription/mails", "process-manager/payments"])
        expect(ended.output).toContain(`\n${consumer}: handled up to position 2\n`);
      expect(ended.output).toMatch(/are paused: call <store>\.resumeAll to end it\.\n$/);

      for (const life of [1, 2]) {
        const { broker, heard, handled, processes } = await start(log, folder);
        await rests(broker, "mails", "payments");
        expect(await broker.call("sales.get", { id: "all" })).toMatchObject({ orders: 3 });
        expect(await broker.call("shopEvents.status")).toMatchObject({ head: 3, paused: true });
        expect(await processes()).toEqual(["1", "2"]);
        if (life === 2) {
          await broker.call("shopEvents.resumeAll");
          await eventually(() => expect(handled()).toEqual(["order-3"]));
          await eventually(async () => expect(await processes()).toEqual(["1", "2", "3"]));
          await eventually(() => expect(heard).toEqual(["order-3"]));
          expect(await broker.call("shopEvents.status")).toMatchObject({ paused: false });
        }
        expect(heard).toEqual(life === 1 ? [] : ["order-3"]);
        await broker.stop();
      }
      const { broker, handled } = await start(log, folder);
      await broker.call("shop.order", { order: "4", amount: 1 });
      await eventually(() => expect(handled()).toEqual(["order-4"]));
    });

    it("lets one of them go on alone, across restarts, and keeps an older pause after all are resumed", async () => {
      const folder = newFolder();
      const log = place(folder);
      await stopped(log, folder);
      const before = await start(log, folder);
      await before.broker.call("payments.pause");
      await before.broker.stop();
      await placeOrder(log, "4");
      await pause(log);

      const first = await start(log, folder);
      await rests(first.broker, "mails", "payments");
      await first.broker.call("mails.resume");
      await eventually(() => expect(first.handled()).toEqual(["order-4"]));
      await first.broker.stop();
      await placeOrder(log, "5");

      const second = await start(log, folder);
      await eventually(() => expect(second.handled()).toEqual(["order-5"]));
      await rests(second.broker, "payments");
      await second.broker.call("shopEvents.resumeAll");
      await eventually(() => expect(second.heard).toEqual(["order-4", "order-5"]));
      await rests(second.broker, "payments");
      await second.broker.call("payments.resume");
      await eventually(async () => expect(await second.processes()).toEqual(["1", "2", "3", "4", "5"]));
      await second.broker.stop();
    });

    it("pauses again what went on alone, and what has never begun", async () => {
      const folder = newFolder();
      const log = place(folder);
      await placeOrder(log, "1");
      const ended = await pause(log);
      expect(ended.output).toMatch(/^The log ends at position 1: .*\nThe pump, all subscriptions/);
      const first = await start(log, folder);
      await rests(first.broker, "mails", "payments");
      await first.broker.call("mails.resume");
      await eventually(() => expect(first.handled()).toEqual(["order-1"]));
      await first.broker.stop();

      await placeOrder(log, "2");
      expect((await pause(log)).output).toContain("are already paused");
      const second = await start(log, folder);
      await rests(second.broker, "mails", "payments");
      expect(second.handled()).toEqual([]);
      expect(await second.processes()).toEqual([]);
      await second.broker.stop();
    });
  });
}
