import { join } from "node:path";
import * as fc from "fast-check";
import type { ServiceBroker } from "moleculer";
import { dearEvents, heavyCall } from "../hostile/heavy-calls.ts";
import { everyKind, type Places } from "../hostile/every-kind.ts";
import { faultOf } from "../hostile/verdict.ts";
import { caughtUp, cleanUp, newFolder, startBroker } from "../support/broker.ts";
import { longestGap, threadMs } from "../support/longest-gap.ts";
import { law } from "../property/law.ts";

const rows = 10_000;
/** Of one entity. */
const deposits = 20_000;
const mostMs = 100;
/** Work that blocks the loop does so each time; a noisy machine does not. */
const tries = 4;

const engines: [engine: string, places: (folder: string) => Places][] = [
  ["memory", (folder) => ({ log: "memory:", table: "memory:", snapshots: join(folder, "snapshots") })],
  [
    "SQLite",
    (folder) => ({ log: `sqlite:${join(folder, "events.db")}`, table: `sqlite:${join(folder, "accounts.db")}` }),
  ],
];

describe.each(engines)("The event loop of a node with 10,000 rows, on %s", (_engine, places) => {
  let broker: ServiceBroker;

  beforeAll(async () => {
    broker = await startBroker(everyKind(places(newFolder())));
    await fill(broker);
  });
  afterAll(cleanUp);

  law(
    "is held by no call for longer than 100 ms",
    100,
    fc.asyncProperty(heavyCall, async (call) => {
      const held: number[] = [];
      for (let attempt = 0; attempt < tries; attempt++) {
        const params = structuredClone(call.params);
        const gaps = await longestGap(() => make(broker, call.action, params), threadMs);
        if (!gaps.exceeds(mostMs)) return;
        held.push(Math.round(gaps.longestMs));
      }
      throw new Error(`${call.action} held the loop for ${held.join(", ")} ms`);
    }),
  );
});

async function make(broker: ServiceBroker, action: string, params: object): Promise<void> {
  try {
    await broker.call<unknown, object>(action, params);
  } catch (error) {
    const fault = faultOf(error);
    if (fault) throw new Error(`${action}: ${fault}`, { cause: error });
  }
}

async function fill(broker: ServiceBroker): Promise<void> {
  const opened = Array.from({ length: rows }, (_, index) => {
    const owner = `owner-${index} ${"a".repeat(30)}`;
    return {
      stream: `account-${index}`,
      events: [{ type: "account.opened", payload: { owner, email: `${index}@example.org` } }],
    };
  });
  for (let from = 0; from < rows; from += 500)
    await Promise.all(opened.slice(from, from + 500).map((append) => broker.call("events.append", append)));
  const deposit = { type: "account.deposited", payload: { amount: 1 } };
  const events = Array.from({ length: 500 }, () => deposit);
  for (let stored = 0; stored < deposits; stored += events.length)
    await broker.call("events.append", { stream: "account-long", events });
  for (const one of dearEvents()) await broker.call("events.append", { stream: "thing-dear", events: [one] });
  const owner = "a".repeat(300_000);
  await broker.call("events.append", {
    stream: "account-huge",
    events: [{ type: "account.opened", payload: { owner, email: "huge@example.org" } }],
  });
  await caughtUp(broker, "accounts");
}
