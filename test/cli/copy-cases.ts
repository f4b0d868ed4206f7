import { randomUUID } from "node:crypto";
import { engines } from "../../adapters/engines.ts";
import type { EventLog } from "../../core/log/event-log.ts";
import { toImportRequest } from "../../core/interchange/history-event.ts";
import { caughtUp, cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { killClis, startCli } from "./cli-process.ts";
import { shop, type Doings } from "./shop.ts";
import { eventsIn, processesIn } from "../support/pages.ts";

/** To be called in `afterEach`. */
export async function endCopies(): Promise<void> {
  killClis();
  await cleanUp();
}

export const copy = (from: string, to: string, ...more: string[]) => startCli(["copy", from, to, ...more]);
export const checksumsIn = (output: string) => output.match(/[0-9a-f]{64}/g);
export const sqliteIn = (folder: string, name: string) => `sqlite:${folder}/${name}.db`;

export const logAt = (place: string, store = "shopEvents"): EventLog =>
  engines.byScheme[place.slice(0, place.indexOf(":"))]!(place).eventLog!(store);

/** So many events in some streams, in one place. */
export async function filled(place: string, count: number, store = "shopEvents"): Promise<string> {
  const log = logAt(place, store);
  await log.open();
  for (let n = 0; n < count; n += 500) await append(log, n, Math.min(500, count - n));
  await log.close();
  return place;
}

export const append = (log: EventLog, after: number, count: number) =>
  log.append(
    Array.from({ length: count }, (_, index) => {
      const number = after + index;
      const event = { id: randomUUID(), type: "thing.made", stream: `thing-${number % 700}`, payload: { number } };
      return toImportRequest({ ...event, meta: { correlationId: "c", causationId: "d", by: "ann" } }, 1e6);
    }),
  );

/** Starts the shop, which does nothing but to catch up. */
export async function open(adapter: string, folder: string) {
  const doings: Doings = { folded: [], handled: [] };
  const broker = await startBroker([shop(adapter, folder, doings)]);
  await caughtUp(broker, "sales");
  await eventually(async () => {
    for (const consumer of ["mails", "payments"])
      expect(await broker.call(`${consumer}.status`)).toMatchObject({ lag: 0 });
  });
  return { broker, doings };
}

/** What a shop on SQLite has come to: orders, customers, links, checkpoints, processes and state snapshots. */
async function busyShop(folder: string): Promise<string> {
  const adapter = sqliteIn(folder, "shop");
  const { broker } = await open(adapter, folder);
  await broker.call("shop.join", { id: "ann", email: "ann@example.com" });
  for (let n = 1; n <= 30; n++) await broker.call("shop.order", { order: `o${n % 20}`, amount: n });
  const all: { id: string }[] = await eventsIn(broker.call("shopEvents.read", { limit: 20 }));
  await broker.call("shopEvents.link", { stream: "first", ids: all.map(({ id }) => id) });
  await broker.call("shopEvents.link", { stream: "odd one", ids: [all[7]!.id] });
  await broker.call("mails.pause");
  await caughtUp(broker, "sales");
  await broker.stop();
  return adapter;
}

/** What a copy to a place is, whatever its engine; `place` makes the name of a new one. */
export function copies(place: (folder: string) => string): void {
  describe("A copy", () => {
    it("has everything of a SQLite log, and brings it back", async () => {
      const folder = newFolder();
      const [from, to] = [await busyShop(folder), place(folder)];
      const there = await copy(from, to, "--name", "shopEvents");
      expect(there).toMatchObject({ code: 0, errors: "" });
      expect(there.output).toMatch(
        /source +31 +21 +21 +\d+[^]*\ncopy +31 +21 +21 +\d+[^]*The copy is whole\.\nIt contains its source up to event 31\. Later events of the source are not copied\.\n$/,
      );
      const back = await copy(to, sqliteIn(folder, "back"), "--name", "shopEvents");
      expect(back).toMatchObject({ code: 0, errors: "" });
      expect(new Set([...checksumsIn(there.output)!, ...checksumsIn(back.output)!]).size).toBe(1);
      const [one, other] = [logAt(from), logAt(sqliteIn(folder, "back"))];
      await Promise.all([one.open(), other.open()]);
      expect(await other.identity()).toBe(await one.identity());
      await Promise.all([one.close(), other.close()]);
    });

    it("is what the table, the subscription, the processes and the claims go on with", async () => {
      const folder = newFolder();
      const [from, to] = [await busyShop(folder), place(folder)];
      expect(await copy(from, to, "--name", "shopEvents")).toMatchObject({ code: 0 });

      const { broker, doings } = await open(to, folder);
      await broker.call("shop.order", { order: "new", amount: 1000 });
      await caughtUp(broker, "sales");
      expect(doings.folded.map(({ position }) => position)).toEqual([32]);
      expect(await broker.call("sales.get", { id: "all" })).toEqual({ id: "all", orders: 31, amount: 465 + 1000 });
      expect(await broker.call("sales.verify")).toMatchObject({ ok: true });
      expect(await broker.call("mails.status")).toMatchObject({ paused: true });
      await broker.call("mails.resume");
      await eventually(() => expect(doings.handled.map(({ position }) => position)).toEqual([32]));
      expect(await processesIn(broker.call("payments.processes", { limit: 100 }))).toHaveLength(21);
      const twice = await refusal(() => broker.call("shop.join", { id: "bob", email: "ANN@example.com" }));
      expect(twice).toMatchObject({ type: "DUPLICATE_CLAIM" });
      expect(await eventsIn(broker.call("shopEvents.read", { stream: "odd one" }))).toMatchObject([{ position: 8 }]);
    });

    it("goes on where it was killed, and until then no store opens it", async () => {
      const folder = newFolder();
      const [from, to] = [await filled(sqliteIn(folder, "from"), 20_000), place(folder)];
      const args = ["copy", from, to, "--name", "shopEvents"];
      const killed = await startCli(args, (_, kill) => kill());
      expect(killed).toMatchObject({ code: null });
      expect(killed.output).toMatch(/^copying: event \d+ of 20000\n$/);

      const broker = startBroker([shop(to, folder, { folded: [], handled: [] })]);
      const { message } = await refusal(() => broker);
      expect(message).toContain(`${logAt(to).location}: found an unfinished copy of another log`);
      const finished = await startCli(args);
      expect(finished).toMatchObject({ code: 0, errors: "" });
      expect(finished.output).toMatch(/^An interrupted copy continues after event [1-9]\d*\./);
      const [source, target] = checksumsIn(finished.output)!;
      expect(target).toBe(source);
    });
  });
}
