import { rmSync } from "node:fs";
import type { ServiceBroker } from "moleculer";
import type { StoredAnswer, Manifest, ParkedEvent, RecordedEvent, Verification } from "moleculer-event-sourcing";
import { caughtUp, eventually } from "../../support/broker.ts";
import { passingService } from "./services.ts";
import type { SoakEvents } from "./store.ts";
import { eventsIn } from "../../support/pages.ts";

export type Chore = () => Promise<unknown>;

const timeoutMs = 300_000;

export interface Chores {
  /** Chores with the same cost in a log of any length. */
  short: Record<string, Chore>;
  /** Chores that read the whole log. */
  long: Record<string, Chore>;
}

/** An operator's occasional work, run in sequence, again and again. */
export function choresOn(broker: ServiceBroker, folder: string): Chores {
  const call = <Answer>(action: string, params: object = {}) => broker.call<Answer, object>(action, params);
  const append = async (stream: string, ...events: { type: keyof SoakEvents; payload: object }[]) =>
    (await call<StoredAnswer>("events.append", { stream, events })).events;
  const remove = (file: string) => rmSync(`${folder}/${file}`);
  let round = 0;

  async function verified(action: string): Promise<void> {
    const { ok, ...rest } = await call<Verification>(action);
    if (!ok) throw new Error(`${action}: ${JSON.stringify(rest).slice(0, 1000)}`);
  }

  async function replayNewest(table: string): Promise<void> {
    const newest = (await call<Manifest[]>(`${table}.snapshots`)).at(-1)!;
    await call(`${table}.replay`, { snapshotId: newest.id });
    await caughtUp(broker, table);
  }

  /** `followed`: an event behind the poisoned one in its stream, which is handled once that is skipped. */
  async function poison(consumer: string, poisoned: keyof SoakEvents, followed: keyof SoakEvents): Promise<void> {
    const stream = `poison-${consumer}-${++round}`;
    const payload = { thing: stream, n: round, text: "follows", account: "1" };
    const [event] = await append(stream, { type: poisoned, payload }, { type: followed, payload });
    await eventually(() => isParked(consumer, event!), timeoutMs);
    await call(`${consumer}.retry`, { id: event!.id });
    await eventually(() => isParked(consumer, event!), timeoutMs);
    await call(`${consumer}.skip`, { id: event!.id, reason: "soak" });
    await eventually(async () => {
      if ((await eventsIn(call<{ events: unknown[] }>(`${consumer}.parked`))).length > 0)
        throw new Error(`${consumer} has parked events`);
    }, timeoutMs);
  }

  async function isParked(consumer: string, { id }: RecordedEvent): Promise<void> {
    const parked = await eventsIn(call<{ events: ParkedEvent[] }>(`${consumer}.parked`));
    if (!parked.some((one) => one.id === id)) throw new Error(`${consumer} has not parked ${id}`);
  }

  async function passing(): Promise<void> {
    const service = broker.createService(passingService(folder));
    await broker.waitForServices(["sideAccount", "side", "sideThings", "sideImage", "guestThings"]);
    await eventually(() => call("sideAccount.open", { id: "1", iban: "side" }), timeoutMs);
    await call("sideAccount.deposit", { id: "1", amount: ++round });
    await call("side.append", {
      stream: `order-${round}`,
      events: [
        { type: "order.placed", payload: { account: "1" } },
        { type: "thing.counted", payload: { thing: String(round % 20), n: round, text: "side" } },
      ],
    });
    for (const consumer of ["sideThings", "sideImage", "sideShipping", "sideWatch", "guestThings"])
      await caughtUp(broker, consumer);
    await call("sideThings.rebuild");
    await call("sideImage.rebuild");
    for (const part of ["side", "sideThings", "sideImage"]) await verified(`${part}.verify`);
    await broker.destroyService(service);
  }

  async function export_(): Promise<void> {
    const { head: position } = await call<{ head: number }>("events.status");
    await call("events.export", { to: "lines.jsonl", after: Math.max(0, position - 500) });
    await call("events.import", { from: "lines.jsonl" });
    remove("lines.jsonl");
  }

  async function pauses(): Promise<void> {
    for (const service of ["watch", "shipping", "balances"]) {
      await call(`${service}.pause`);
      await call(`${service}.resume`);
    }
    await call("events.pausePump");
    await call("events.resumePump");
    await caughtUp(broker, "watch");
  }

  async function past(): Promise<void> {
    const { position } = await call<{ position: number }>("things.status");
    const query = { n: { $gte: 0 } };
    await call("things.at", { position: Math.max(1, position - 100), query, limit: 10 });
    await call("balances.at", { position: Math.max(1, position - 100), limit: 10 });
    const inject = [{ type: "thing.counted", stream: "thing-what", payload: { thing: "what", n: 1, text: "if" } }];
    await call("things.whatIf", { inject, query: { id: "what" } });
  }

  return {
    short: {
      "snapshot of things": () => call("things.snapshot"),
      "poisoned table": () => poison("things", "thing.poisoned", "thing.counted"),
      "replay of things": () => replayNewest("things"),
      "passing service": passing,
      "snapshot of balances": () => call("balances.snapshot"),
      "poisoned process": () => poison("shipping", "order.poisoned", "order.placed"),
      past,
      "replay of balances": () => replayNewest("balances"),
      export: export_,
      "poisoned subscription": () => poison("watch", "watch.poisoned", "thing.counted"),
      pauses,
    },
    long: {
      "verify of the log": () => verified("events.verify"),
      "rebuild of things": () => call("things.rebuild"),
      backup: async () => {
        await call("events.backup", { to: "backup.db" });
        remove("backup.db");
      },
      "rebuild of balances": () => call("balances.rebuild"),
      "verify of things": () => verified("things.verify"),
      "verify of balances": () => verified("balances.verify"),
    },
  };
}
