import type { ServiceBroker } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { caughtUp } from "../support/broker.ts";

export const first = { id: "1", owner: "Ann", email: "ann@example.org", phone: "1" };
export const firstCommand = { headers: { commandId: "open 1" } };

const consumers = ["accounts", "watch", "care"];
const all = [...consumers, "totals"];
const allCaughtUp = (broker: ServiceBroker) => Promise.all(consumers.map((name) => caughtUp(broker, name)));

/** Makes every kind of record in the empty store of `bank`. */
export async function makeSample(broker: ServiceBroker): Promise<void> {
  const call = (action: string, params: object = {}): Promise<{ events: RecordedEvent[] }> =>
    broker.call(action, params);
  await broker.call("account.open", first, firstCommand);
  await call("account.open", { id: "2", owner: "Bea", email: "bea@example.org", phone: "2" });
  // As an earlier release of the application has stored it.
  const payload = { owner: "Old", email: "old@example.org", phone: "3" };
  const old = { type: "account.opened", payload, meta: { schemaVersion: 1 } };
  const { events } = await call("bank.append", { stream: "account-old", events: [old] });
  await call("bank.link", { stream: "vip", ids: [events[0]!.id] });
  await call("account.deposit", { id: "1", amount: 5 });
  await caughtUp(broker, "totals");
  await call("totals.pause");
  await call("account.close", { id: "2", reason: "moved" });
  await call("account.flag", { id: "old", why: "unknown address" });
  await allCaughtUp(broker);
  // Waits behind the event before it.
  await call("account.deposit", { id: "old", amount: 3 });
  const flagged = await call("account.flag", { id: "1", why: "by mistake" });
  await call("account.open", { id: "3", owner: "Cem", email: "cem@example.org", phone: "5" });
  await call("account.flag", { id: "3", why: "" });
  await allCaughtUp(broker);
  for (const consumer of consumers) await call(`${consumer}.skip`, { id: flagged.events[0]!.id, reason: "a mistake" });
  // Fails again; the request stays in the control state.
  await call("watch.retry", { stream: "account-old" });
  await call("accounts.rebuild");
  await call("accounts.snapshot");
  await call("bank.export", { to: "export.jsonl" });
  await call("bank.pausePump");
  await call("account.deposit", { id: "1", amount: 7 });
  await allCaughtUp(broker);
  // Before the deadline is due: it fires when the sample is checked.
  await call("care.pause");
}

/** What depends on the moment in a status. */
const passing = ["state", "cause", "jobs", "lag"];

/** All that the sample's services return of it, as JSON. */
export async function observe(broker: ServiceBroker): Promise<Record<string, unknown>> {
  const asked: Record<string, [action: string, params?: object]> = {
    events: ["bank.read", { limit: 1000 }],
    storedEvents: ["bank.read", { limit: 1000, raw: true }],
    linkedEvents: ["bank.read", { stream: "vip" }],
    streams: ["bank.streams"],
    state: ["account.state", { id: "1" }],
    rows: ["accounts.find", { sort: "id" }],
    totals: ["totals.find"],
    parkedOfTable: ["accounts.parked"],
    parkedOfSubscription: ["watch.parked"],
    parkedOfProcesses: ["care.parked"],
    processes: ["care.processes"],
    snapshots: ["accounts.snapshots"],
    ...Object.fromEntries(["bank", ...all].map((name) => [`statusOf ${name}`, [`${name}.status`]])),
  };
  const observed: Record<string, unknown> = {};
  for (const [name, [action, params]] of Object.entries(asked)) observed[name] = await broker.call(action, params);
  const text = JSON.stringify(observed, (key, value: unknown) => (passing.includes(key) ? undefined : value));
  return JSON.parse(text) as Record<string, unknown>;
}
