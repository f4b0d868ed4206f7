// Calls actions of a node with many rows, and measures for how long each holds the event loop. In a process of its own,
// as a user's node is: inside a test runner's VM context each look at a global is dear, and holds the loop by itself.
import * as fc from "fast-check";
import { ServiceBroker } from "moleculer";
import { dearEvents, heavyCall } from "../hostile/heavy-calls.ts";
import { everyKind, type Places } from "../hostile/every-kind.ts";
import { faultOf } from "../hostile/verdict.ts";
import { effort, lawParameters } from "../property/law-parameters.ts";
import { caughtUp } from "../support/broker.ts";
import { longestGap, threadMs } from "../support/longest-gap.ts";
import { sendLine } from "../support/send-line.ts";

const rows = 10_000;
/** Of one entity. */
const deposits = 20_000;
const mostMs = 100;
/** Work that blocks the loop does so each time; a noisy machine does not. */
const tries = 4;

const places = JSON.parse(process.argv[2]!) as Places;
const broker = new ServiceBroker({ nodeID: "turns", logger: false });
for (const service of everyKind(places)) broker.createService(service);
await broker.start();
await fill();
let calls = 0;
try {
  // Each call is measured beside an idle loop, up to four times: on a busy machine that takes seconds.
  const parameters = { ...lawParameters(60), interruptAfterTimeLimit: 500_000 * Math.max(effort, 1) };
  await fc.assert(fc.asyncProperty(heavyCall, holdsLoopBriefly), parameters);
  sendLine(JSON.stringify({ calls }));
} catch (error) {
  sendLine(JSON.stringify({ calls, error: String(error) }));
}
await broker.stop();
process.exit();

async function holdsLoopBriefly({ action, params }: { action: string; params: object }): Promise<void> {
  calls++;
  const held: number[] = [];
  for (let attempt = 0; attempt < tries; attempt++) {
    const given = structuredClone(params);
    const gaps = await longestGap(() => make(action, given), threadMs);
    if (!gaps.exceeds(mostMs)) return;
    held.push(Math.round(gaps.longestMs));
  }
  throw new Error(`${action} held the loop for ${held.join(", ")} ms`);
}

async function make(action: string, params: object): Promise<void> {
  try {
    await broker.call<unknown, object>(action, params);
  } catch (error) {
    const fault = faultOf(error);
    if (fault) throw new Error(`${action}: ${fault}`, { cause: error });
  }
}

async function fill(): Promise<void> {
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
