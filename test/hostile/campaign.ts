import type { ActionSchema, ServiceBroker } from "moleculer";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { attacksOn, type Attack } from "./attacks.ts";
import { originOf } from "../../mixins/service/own-actions.ts";
import type { Samples } from "./samples.ts";
import { faultOf } from "./verdict.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

export interface Report {
  actions: number;
  calls: number;
  refused: number;
  answered: number;
  faults: string[];
}

interface Options {
  /** The share of attacks that are made, 0 to 1. */
  share: number;
  random: () => number;
  /** Called before each attack, so that one that never ends can be named. */
  onAttack?: (attack: Attack) => void;
}

const timeoutMs = 60_000;
const mostFaults = 50;

/** Calls every action of this package in the broker's registry with hostile values, in sequence. */
export async function attack(broker: ServiceBroker, samples: Samples, options: Options): Promise<Report> {
  const actions = ownActions(broker);
  const report: Report = { actions: actions.length, calls: 0, refused: 0, answered: 0, faults: [] };
  for (const action of actions)
    for (const one of attacksOn(action, samples.of(action))) {
      if (options.random() >= options.share) continue;
      options.onAttack?.(one);
      const fault = await make(broker, one, report);
      if (fault && report.faults.length < mostFaults) report.faults.push(`${one.action}: ${one.name}: ${fault}`);
    }
  return report;
}

/** All actions that the package has registered, including later additions. */
function ownActions(broker: ServiceBroker): ActionSchema[] {
  const actions = broker.services.flatMap((service) => Object.values(registered(service)));
  return actions.filter((action) => originOf(action) !== null);
}

const registered = (service: object) =>
  (service as { _serviceSpecification: { actions: Record<string, ActionSchema> } })._serviceSpecification.actions;

async function make(broker: ServiceBroker, { action, params, meta }: Attack, report: Report): Promise<string | null> {
  const number = ++report.calls;
  const requestID = `attack-${number}`;
  const before = await head(broker);
  try {
    const call = broker.call<unknown, object>(action, params() as object, { ...spoken, requestID, meta: meta() });
    await inTime(call);
    report.answered++;
    return null;
  } catch (error) {
    report.refused++;
    return faultOf(error) ?? (await traceOf(broker, before, requestID));
  }
}

async function inTime(call: Promise<unknown>): Promise<unknown> {
  const { promise, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => reject(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  try {
    return await Promise.race([call, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * An event that a refused call has stored in spite of the refusal. Handlers of earlier events may store theirs
 * meanwhile.
 */
async function traceOf(broker: ServiceBroker, after: number, requestID: string): Promise<string | null> {
  const events: RecordedEvent[] = await eventsIn(broker.call("events.read", { after, limit: 1000, raw: true }));
  const own = events.find(({ meta }) => meta.correlationId === requestID);
  return own ? `refused, and stored as ${own.type} at position ${own.position}` : null;
}

async function head(broker: ServiceBroker): Promise<number> {
  const [last]: RecordedEvent[] = await eventsIn(broker.call("events.read", { backward: true, limit: 1, raw: true }));
  return last?.position ?? 0;
}
