import { setTimeout as pause } from "node:timers/promises";
import {
  EventStore,
  ProcessManager,
  type StoredAnswer,
  type ProcessManagerOptions,
  type ConsumerStatus,
  type ProcessSummary,
  type ParkedProcess,
  type RecordedEvent,
} from "moleculer-event-sourcing";
import type { Adapter } from "moleculer-event-sourcing";
import type { Context, ServiceBroker, ServiceSchema } from "moleculer";
import { eventually } from "../support/broker.ts";
import { eventsIn, processesIn } from "../support/pages.ts";

type Given<State, Names extends string> = Omit<
  ProcessManagerOptions<Record<string, Record<string, unknown>>, State, Names>,
  "eventStore" | "correlate"
> &
  Partial<Pick<ProcessManagerOptions<Record<string, Record<string, unknown>>, State, Names>, "correlate">>;

interface Place {
  adapter: string | Adapter;
  /** The store, the process manager, or both. */
  hosts?: "both" | "store" | "manager";
}

/** Correlates events by the payload's `process`. */
export function processService<State = undefined, Names extends string = never>(
  { adapter, hosts = "both" }: Place,
  given: Given<State, Names>,
): ServiceSchema {
  const events = EventStore("events", { adapter, host: hosts !== "manager" });
  const manager = ProcessManager<Record<string, Record<string, unknown>>, State, Names>("manager", {
    eventStore: events,
    correlate: ({ payload }) => payload["process"] as string,
    ...given,
    onError: { retries: 1, delayMs: 1, ...given.onError },
  });
  return {
    name: "host",
    mixins: [...(hosts === "manager" ? [] : [events.mixin()]), ...(hosts === "store" ? [] : [manager.mixin()])],
  };
}

/**
 * A service whose command `note` stores an event under the command's id, like a decider, and records each call;
 * `faults` happen before it is stored.
 */
export class Notes {
  readonly calls: { what: string; commandId: string; meta: Record<string, unknown> }[] = [];
  readonly faults = new Map<string, () => unknown>();

  service(adapter?: string | Adapter): ServiceSchema {
    const events = EventStore("events", adapter === undefined ? { host: false } : { adapter });
    const fault = async (ctx: Context<{ what: string }>) => {
      this.calls.push({ what: ctx.params.what, commandId: String(ctx.headers["commandId"]), meta: { ...ctx.meta } });
      await this.faults.get(ctx.params.what)?.();
    };
    return {
      name: "notes",
      actions: {
        note: events.mapAction("note.taken", {
          stream: "notes",
          hooks: { before: fault },
        }),
      },
    };
  }

  fail(what: string, error: () => unknown = () => new Error(`${what} failed`)): this {
    this.faults.set(what, () => Promise.reject(error()));
    return this;
  }

  /** Every call, in order. */
  get asked(): string[] {
    return this.calls.map(({ what }) => what);
  }
}

/** Stores an event of a process; each process has its own stream. */
export async function happen(
  broker: ServiceBroker,
  process: string | null,
  type = "thing.happened",
  payload: object = {},
): Promise<RecordedEvent> {
  const answer: StoredAnswer = await broker.call("events.append", {
    stream: `s-${process}`,
    events: [{ type, payload: { ...(process !== null && { process }), ...payload } }],
  });
  return answer.events[0]!;
}

/** The events that the commands have stored, in order. */
export async function taken(broker: ServiceBroker): Promise<string[]> {
  const events: RecordedEvent[] = await eventsIn(broker.call("events.read", { stream: "notes", limit: 10_000 }));
  return events.map(({ payload }) => payload["what"] as string);
}

export const statusOf = (broker: ServiceBroker): Promise<ConsumerStatus> => broker.call("manager.status");
export const processesOf = (broker: ServiceBroker, params = {}): Promise<ProcessSummary[]> =>
  processesIn(broker.call("manager.processes", params));
export const parkedOf = (broker: ServiceBroker): Promise<ParkedProcess[]> => eventsIn(broker.call("manager.parked"));

/** The one process of this id. */
export async function processOf(broker: ServiceBroker, id: string): Promise<ProcessSummary> {
  const found = await processesOf(broker, { id });
  if (!found[0]) throw new Error(`there is no process ${id}`);
  return found[0];
}

/** Waits for a status that has these fields. */
export const withStatus = (broker: ServiceBroker, expected: Partial<ConsumerStatus>): Promise<ConsumerStatus> =>
  eventually(async () => {
    const status = await statusOf(broker);
    expect(status).toMatchObject(expected);
    return status;
  });

/** Waits for a moment in which no deadline must fire: nothing else happens by itself. */
export const ms = (count: number): Promise<void> => pause(count);
