import { isPlainJson } from "../../core/decider/options.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import type { Deadline } from "../../core/process/deadline.ts";
import { unknownType } from "../../core/event/event-type.ts";
import { isPlainObject, assertKnownOptions } from "../../core/options/options.ts";
import type { ProcessDefinition, ProcessView } from "../../core/process/definition.ts";
import type { AnyEvents, EventMap, EventOf, Matching } from "../../core/event/recorded-event.ts";
import { nameProblem } from "../../core/event/stream-name.ts";
import type { Wildcard } from "../aggregate/aggregate.ts";
import type { StartFrom } from "../consumer/checkpoint.ts";
import { parsePolicy, type ErrorPolicy } from "../consumer/error-policy.ts";
import { assertStore, serviceName, type EventStore } from "../event-store/event-store.ts";
import type { Mixin } from "../service/mixin.ts";
import { companionMixin, type Companion } from "../service/companion.ts";
import { parseVisibilities, type Visibilities } from "../service/visibility.ts";
import { processManagerService } from "./service.ts";

/** What a handler answers: the new state, or nothing where it stays as it was. Without a state, anything. */
type Answer<State> = [State] extends [undefined] ? unknown : State | void | Promise<State | void>;

type Handler<Events extends EventMap, Type extends string, State, Names extends string> = (
  event: EventOf<Events, Matching<Events, Type>>,
  view: ProcessView<State, Names>,
) => Answer<State>;

/** Event type, which may hold Moleculer's wildcards → a function. */
export type ProcessHandlers<Events extends EventMap, State, Names extends string> = string extends keyof Events
  ? { [type: string]: Handler<Events, string, State, Names> }
  : { [Type in keyof Events & string]?: Handler<Events, Type, State, Names> } & {
      [Pattern in Wildcard]?: Handler<Events, Pattern, State, Names>;
    };

export interface ProcessManagerOptions<Events extends EventMap, State, Names extends string> {
  eventStore: EventStore<Events>;
  /** Where it begins when it is started for the first time: `"origin"` (the default) or `"current"`, behind the last event. */
  startFrom?: StartFrom;
  /**
   * The process that an event belongs to: 1 to 255 characters, or a number; null or undefined where it concerns none. Of
   * events of one process, one is handled after the other, in the order of the log.
   */
  correlate: (event: EventOf<Events>) => string | number | null | undefined;
  /** The state of a process before its first event: plain JSON. Left out: processes have none. */
  initialState?: () => State;
  /** Functions of the event, the state and the answers of their commands alone: after a crash they run again. */
  on: ProcessHandlers<Events, NoInfer<State>, NoInfer<Names>>;
  /** By name, what happens when the moment has come that a handler has scheduled. */
  deadlines?: {
    [Name in Names]: (deadline: Deadline<Name>, view: ProcessView<NoInfer<State>, NoInfer<Names>>) => Answer<State>;
  };
  /** How often an event that cannot be handled is tried again, and when the consumer stops. */
  onError?: Partial<ErrorPolicy>;
  /**
   * Makes up for an event or deadline whose handler has failed for good; then the process goes on behind it. Left out, or
   * where it fails too, the process is parked. The error has its name, message, type, code and data, but no class.
   */
  compensate?: (
    cause: EventOf<Events> | Deadline,
    error: Error & { type?: string; code?: number | string; data?: unknown },
    view: ProcessView<NoInfer<State>, NoInfer<Names>>,
  ) => Answer<State>;
  /** So many events may stand behind one for which a command is sent: processes that answer each other end. Default 100. */
  maxDepth?: number;
  /** Narrows who may call an action of the process manager's service: `{ skip: "protected" }`. */
  visibility?: Visibilities;
}

/** Turns events into commands, with a state and deadlines for each process. */
export interface ProcessManager<Events extends EventMap = EventMap, State = unknown, Names extends string = string> {
  readonly name: string;
  /** Its functions, for a test without a broker. */
  readonly definition: ProcessDefinition;
  /** For the compiler alone: what its events, its states and the names of its deadlines are. */
  readonly types?: { events: Events; state: State; names: Names };
  /** What a service mixes in. */
  mixin(): Mixin;
}

const options = [
  "eventStore",
  "startFrom",
  "correlate",
  "initialState",
  "on",
  "deadlines",
  "onError",
  "compensate",
  "maxDepth",
  "visibility",
];

/**
 * Defines what turns a store's events into commands. Each process has a state, deadlines, and its events one after the
 * other; all of it is kept in the store's engine, and one node at a time does the work. A command carries an id that is the
 * same whenever its event is handled again. Its mixin makes one service called `name` with `status, pause, resume,
 * instances, parked, retry, skip`.
 *
 * @example
 * ProcessManager("shipping", {
 *   eventStore: events,
 *   correlate: (event) => event.payload.orderId,
 *   on: { "order.completed": (event, { call }) => call("shipment.create", { orderId: event.payload.orderId }) },
 * })
 * @throws DefinitionError
 */
export function ProcessManager<Events extends EventMap = AnyEvents, State = undefined, Names extends string = never>(
  name: string,
  given: ProcessManagerOptions<Events, State, Names>,
): ProcessManager<Events, State, Names> {
  if (typeof name !== "string" || !serviceName.test(name))
    throw refusal("ProcessManager.name", name, "a service name of 1 to 100 letters, digits, _ - and .");
  assertKnownOptions(name, given, options);
  const { eventStore, startFrom = "origin", onError, maxDepth = 100 } = given;
  const visibility = parseVisibilities(name, given.visibility);
  assertStore(name, eventStore);
  const policy = parsePolicy(name, onError);
  if (startFrom !== "origin" && startFrom !== "current")
    throw refusal(`${name}.startFrom`, startFrom, '"origin" or "current"');
  if (!Number.isSafeInteger(maxDepth) || maxDepth < 1)
    throw refusal(`${name}.maxDepth`, maxDepth, "a whole number from 1");
  const definition = parsed(name, given as unknown as Functions, eventStore, maxDepth);
  const companion: Companion = {
    name,
    kind: "process manager",
    dependsOn: eventStore.name,
    conflictWith: (other) => (other === companion ? null : "is another process manager's name on this broker already"),
    schema: () =>
      processManagerService({
        definition,
        store: eventStore.name,
        leaseMs: eventStore.leaseMs,
        startFrom,
        policy,
        visibility,
      }),
  };
  return { name, definition, mixin: () => companionMixin(companion) };
}

type Functions = Pick<ProcessDefinition, "correlate" | "initialState" | "compensate"> & {
  on: Record<string, ProcessDefinition["on"][number]["handler"]>;
  deadlines?: ProcessDefinition["deadlines"];
};

function parsed(
  name: string,
  given: Functions,
  { types, catalogue }: Pick<EventStore, "types" | "catalogue">,
  maxDepth: number,
): ProcessDefinition {
  const { correlate, initialState, compensate, on, deadlines = {} } = given;
  mustBeFunction(`${name}.correlate`, correlate);
  if (initialState !== undefined) mustAnswerState(`${name}.initialState`, initialState);
  if (compensate !== undefined) mustBeFunction(`${name}.compensate`, compensate);
  for (const [option, functions] of [
    ["on", on],
    ["deadlines", deadlines],
  ] as const) {
    if (!isPlainObject(functions))
      throw refusal(`${name}.${option}`, functions, "an object of names and their functions");
    for (const [key, handler] of Object.entries(functions)) {
      const problem =
        nameProblem(`${name}.${option}`, key) ?? (option === "on" && unknownType(`${name}.on`, key, types));
      if (problem) throw new DefinitionError(problem);
      mustBeFunction(`${name}.${option}["${key}"]`, handler);
    }
  }
  if (Object.keys(on).length === 0) throw refusal(`${name}.on`, on, "a handler for at least one event type");
  const handlers = Object.entries(on).map(([pattern, handler]) => ({ pattern, handler }));
  return { name, correlate, initialState, on: handlers, deadlines: { ...deadlines }, compensate, maxDepth, catalogue };
}

/** One that fails later would leave nothing that could be parked. */
function mustAnswerState(field: string, initialState: () => unknown): void {
  mustBeFunction(field, initialState);
  const expected = "a function that answers a state of plain JSON (no Map, Set, Date, class or undefined field)";
  let state: unknown;
  try {
    state = initialState();
  } catch (error) {
    throw refusal(field, error, expected);
  }
  if (!isPlainJson(state)) throw refusal(field, state, expected);
}

function mustBeFunction(field: string, found: unknown): void {
  if (typeof found !== "function") throw refusal(field, found, "a function");
}

const refusal = (field: string, found: unknown, expected: string) => new DefinitionError({ field, found, expected });
