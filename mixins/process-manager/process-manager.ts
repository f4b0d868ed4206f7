import { isCausationDepth, maxCausationDepth } from "../../core/event/causation.ts";
import { isPlainJson } from "../../core/decider/options.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import type { Deadline } from "../../core/process/deadline.ts";
import { isPlainObject } from "../../core/options/options.ts";
import type { DeclaredAnswer, Undeclared } from "../../core/options/undeclared.ts";
import type { ProcessDefinition, ProcessView } from "../../core/process/definition.ts";
import type { AnyEvents, EventMap, EventOf, Matching } from "../../core/event/recorded-event.ts";
import { nameProblem } from "../../core/event/stream-name.ts";
import type { Wildcard } from "../aggregate/aggregate.ts";
import { parseFormerName, storedName } from "../consumer/former-name.ts";
import { parseStartFrom, type StartFrom } from "../consumer/start-from.ts";
import { parsePolicy, type OnError } from "../consumer/error-policy.ts";
import { assertStore, type EventStore } from "../event-store/event-store.ts";
import { serviceName } from "../service/service-name.ts";
import { mappedTypeProblem } from "../service/mapped-type.ts";
import { noMixin, type Mixin } from "../service/mixin.ts";
import { companionMixin, type Companion } from "../service/companion.ts";
import type { ProcessActionName } from "../service/action-names.ts";
import { assertKnownMixinOptions, parseActions, type ActionOverrides } from "../service/action-overrides.ts";
import { processManagerService } from "./service.ts";

/** A handler's result: the new state, or nothing if it is unchanged. Without a state, any value. */
type Answer<State> = [State] extends [undefined] ? unknown : NoInfer<State | void | Promise<State | void>>;

type Handler<Events extends EventMap, Type extends string, State, Names extends string> = (
  event: EventOf<Events, Matching<Events, Type>>,
  view: ProcessView<State, Names>,
) => Answer<State>;

/** Event type, which may contain Moleculer's wildcards → a function. */
export type ProcessHandlers<Events extends EventMap, State, Names extends string> = string extends keyof Events
  ? { [type: string]: Handler<Events, string, State, Names> }
  : { [Type in keyof Events & string]?: Handler<Events, Type, State, Names> } & {
      [Pattern in Wildcard]?: Handler<Events, Pattern, State, Names>;
    };

/** Refuses an unknown event type, and a handler that returns a state with a field that the initial state does not have. */
type DeclaredHandlers<Handlers, State, Events extends EventMap> = {
  [Type in keyof Handlers]: Type extends keyof Events | Wildcard
    ? DeclaredAnswer<Handlers[Type], State>
    : Undeclared<Type>;
};

export interface ProcessManagerOptions<Events extends EventMap, State, Names extends string> {
  eventStore: EventStore<Events>;
  /**
   * Where the consumer begins on its first start: `"origin"` (the default), `"current"`, after the last event,
   * `{ position }`, after the event there, or `{ time }`, at the first event that is not older.
   */
  startFrom?: StartFrom;
  /**
   * The name that it had before it was renamed: its checkpoint, its processes and the ids of its commands stay those
   * of the former name. Keep the option.
   */
  formerName?: string;
  /**
   * The process that an event belongs to: 1 to 255 characters, or a number; null or undefined if it belongs to none.
   * The events of one process are handled one after the other, in the order of the log. `id` is that of the event's
   * entity: the part of the stream's name after its category. Default: a process for each `id`.
   */
  correlate?: (event: EventOf<Events>, entity: { readonly id: string }) => string | number | null | undefined;
  /** The state of a process before its first event: plain JSON. Omitted: processes have no state. */
  initialState?: () => State;
  /** Functions of the event, the state and the results of their commands only: after a crash they run again. */
  on: ProcessHandlers<Events, State, Names>;
  /** By name: the handler that runs when a scheduled deadline is due. */
  deadlines?: {
    [Name in Names]: (deadline: Deadline<Name>, view: ProcessView<State, Names>) => Answer<State>;
  };
  /** How often a failed event is retried, and when the consumer stops. */
  onError?: OnError;
  /**
   * Compensates for an event or deadline whose handler has failed for good; then the process continues after it. If it
   * is omitted, or fails too, the process is parked. The error has its name, message, type, code and data, but no
   * class.
   */
  compensate?: (
    cause: EventOf<Events> | Deadline,
    error: Error & { type?: string; code?: number | string; data?: unknown },
    view: ProcessView<State, Names>,
  ) => Answer<State>;
  /** The maximum length of the chain of causes of a command. It ends processes that trigger each other. Default 100. */
  maxDepth?: number;
  /** Options of the service's actions, such as `{ skip: { visibility: "protected" } }`. Default: `public`. */
  actions?: ActionOverrides<ProcessActionName>;
}

/** Turns events into commands, with a state and deadlines for each process. */
export interface ProcessManager<Events extends EventMap = EventMap, State = unknown, Names extends string = string> {
  readonly name: string;
  /** Its functions, for a test without a broker. */
  readonly definition: ProcessDefinition;
  /** For the compiler only: the types of its events, its states and the names of its deadlines. */
  readonly types?: { events: Events; state: State; names: Names };
  /** The mixin for a service. */
  mixin(): Mixin;
}

const options = [
  "eventStore",
  "startFrom",
  "formerName",
  "correlate",
  "initialState",
  "on",
  "deadlines",
  "onError",
  "compensate",
  "maxDepth",
  "actions",
];

/**
 * Defines a process manager, which turns a store's events into commands. Each process has a state and deadlines, and
 * handles its events one after the other. Its data is kept in the store's engine, and one node at a time does the work.
 * If an event is handled again, its commands carry the same ids as before. The mixin creates one service called `name`
 * with `status, pause, resume, processes, parked, retry, skip`.
 *
 * @example
 * ProcessManager("shipping", {
 *   eventStore: events,
 *   correlate: (event) => event.payload.orderId,
 *   on: { "order.completed": (event, { call }) => call("shipment.create", { orderId: event.payload.orderId }) },
 * })
 * @throws DefinitionError
 */
export function ProcessManager<
  Events extends EventMap = AnyEvents,
  State = undefined,
  Names extends string = never,
  Handlers = unknown,
>(
  name: string,
  given: ProcessManagerOptions<Events, State, Names> & {
    on: Handlers & DeclaredHandlers<NoInfer<Handlers>, State, Events>;
  },
): ProcessManager<Events, State, Names> {
  if (typeof name !== "string" || !serviceName.test(name))
    throw refusal("ProcessManager.name", name, "a service name of 1 to 100 letters, digits, _ - and .");
  assertKnownMixinOptions(name, given, options);
  const { eventStore, onError, maxDepth = 100 } = given;
  const actions = parseActions(name, given.actions);
  assertStore(name, eventStore);
  const policy = parsePolicy(name, onError);
  const formerName = parseFormerName(name, given.formerName);
  const startFrom = parseStartFrom(name, given.startFrom);
  if (!isCausationDepth(maxDepth))
    throw refusal(`${name}.maxDepth`, maxDepth, `a whole number from 1 to ${maxCausationDepth}`);
  const definition = parsed(
    { name, idName: storedName({ name, formerName }) },
    given as unknown as Functions,
    eventStore,
    maxDepth,
  );
  const companion: Companion = {
    name,
    kind: "process manager",
    dependsOn: eventStore,
    storedName: definition.idName,
    conflictWith: (other) => (other === companion ? null : "is another process manager's name on this broker already"),
    schema: () =>
      processManagerService({
        definition,
        store: eventStore.name,
        leaseMs: eventStore.leaseMs,
        catalogue: eventStore.catalogue,
        startFrom,
        formerName,
        policy,
        actions,
      }),
  };
  return { ...noMixin("process manager", name), name, definition, mixin: () => companionMixin(companion) };
}

type Functions = Pick<ProcessDefinition, "initialState" | "compensate"> & {
  correlate?: ProcessDefinition["correlate"];
  on: Record<string, ProcessDefinition["on"][number]["handler"]>;
  deadlines?: ProcessDefinition["deadlines"];
};

const byEntity: ProcessDefinition["correlate"] = (_, { id }) => id;

function parsed(
  { name, idName }: Pick<ProcessDefinition, "name" | "idName">,
  given: Functions,
  { types, catalogue }: Pick<EventStore, "types" | "catalogue">,
  maxDepth: number,
): ProcessDefinition {
  const { correlate = byEntity, initialState, compensate, on, deadlines = {} } = given;
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
      const field = `${name}.${option}`;
      const problem = option === "on" ? mappedTypeProblem(field, key, { types, catalogue }) : nameProblem(field, key);
      if (problem) throw new DefinitionError(problem);
      mustBeFunction(`${name}.${option}["${key}"]`, handler);
    }
  }
  if (Object.keys(on).length === 0) throw refusal(`${name}.on`, on, "a handler for at least one event type");
  const handlers = Object.entries(on).map(([pattern, handler]) => ({ pattern, handler }));
  return {
    name,
    idName,
    correlate,
    initialState,
    on: handlers,
    deadlines: { ...deadlines },
    compensate,
    maxDepth,
    catalogue,
  };
}

/** Checked at the definition: a failure at run time would leave nothing that could be parked. */
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
