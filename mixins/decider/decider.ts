import type { ActionSchema, Context } from "moleculer";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import { parseDecider } from "../../core/decider/options.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import type { DecideAnswer } from "./decided.ts";
import type { DeclaredFunctions, Evolver, NamedParams } from "./declared.ts";
import type { ParamsOf, Regular, WithId } from "../../core/catalogue/params-of.ts";
import type { AnyEvents, EventMap } from "../../core/event/recorded-event.ts";
import type { ClaimPath } from "../../core/decider/claim-path.ts";
import type { ClaimingEntity, ClaimingEvent, ClaimValue } from "../../core/decider/claim.ts";
import { assertStore, type EventStore } from "../event-store/event-store.ts";
import { serviceName } from "../service/service-name.ts";
import { checkActionOptions, type UntypedActionOptions } from "../service/action-options.ts";
import {
  assertActions,
  assertKnownMixinOptions,
  parseActions,
  type ActionOverrides,
} from "../service/action-overrides.ts";
import { noMixin, type Mixin } from "../service/mixin.ts";
import { deciderMixin, questionNames, type QuestionName } from "./service.ts";

/** The second argument of `decide`: the params by their schema, and the entity's id. */
export type CommandOf<Params> = unknown extends Params
  ? { id: string; [param: string]: unknown }
  : WithId<ParamsOf<Regular<Params>>>;

/** A command: an action whose handler is `decide`, with every other option of a Moleculer action. */
export interface CommandOptions<Params, State, Events extends EventMap>
  extends Omit<ActionSchema, "name" | "handler" | "service" | "remoteHandler" | "params">, UntypedActionOptions {
  /** The rules of its params. `id`, the entity's id, is added if it is not among them. */
  params?: Params;
  /**
   * Returns an event, several, or nothing. To reject the command, throw an error of the domain: the caller receives it
   * unchanged. Must not have side effects, because a command may be decided more than once.
   */
  decide(state: State, command: CommandOf<Params>, ctx: Context): DecideAnswer<Events>;
}

type ByType<Events extends EventMap, State> = string extends keyof Events
  ? { readonly [type: string]: Evolver<Events, string, State> }
  : { readonly [Type in keyof Events & string]?: Evolver<Events, Type, State> };

/** The value of an event: the path to it in the payload, or a function that returns one, several, or null for none. */
type ClaimOf<Type extends string, Payload> =
  ClaimPath<Payload> | ((event: ClaimingEvent<Type, Payload>, entity: ClaimingEntity) => ClaimValue);

type ClaimsByType<Events extends EventMap> = string extends keyof Events
  ? { readonly [type: string]: ClaimOf<string, Events[string]> }
  : { readonly [Type in keyof Events & string]?: ClaimOf<Type, Events[Type]> };

/** Values that no two streams can hold at once, as rules of events. */
export interface ClaimOptions<Events extends EventMap> {
  /** By event type, the value that the event's stream claims. */
  claim?: ClaimsByType<Events>;
  /** By event type, the value that the stream claims in place of every value that it holds. */
  replace?: ClaimsByType<Events>;
  /** The event types that release every value that their stream holds; or by event type, the value that it releases. */
  release?: readonly (keyof Events & string)[] | ClaimsByType<Events>;
  /** If true, "NZ-1" and "nz-1" are the same value. */
  ignoreCase?: boolean;
  /**
   * Names what the functions compute, in place of their texts: to be changed with them. Paths need none.
   */
  version?: string | number;
}

export interface DeciderOptions<Events extends EventMap, State, Params extends Readonly<Record<string, unknown>>> {
  eventStore: EventStore<Events>;
  /** The stream of the entity with this id. Default `<decider>-<id>`. */
  stream?: (id: string) => string;
  /** The state of an entity that has no events. */
  initialState: () => State;
  /** Each becomes an action of the service. */
  commands: { readonly [Name in keyof Params]: CommandOptions<Params[Name], State, Events> };
  /** By event type, the state after the event. A pure function: it runs again whenever the state is rebuilt. */
  evolve: ByType<Events, State>;
  /**
   * Stores the state after every `every` events, so that earlier events need not be folded again. Snapshots of another
   * `version`, or of another schema version of an event type in `evolve`, are ignored. Without `version`, snapshots are
   * also ignored if a function of the decider has changed. Default: no snapshots.
   */
  stateSnapshots?: { every: number; version?: string | number };
  /** Claims: values that no two entities of the store can have at once. */
  claims?: { readonly [name: string]: ClaimOptions<Events> };
  /** How often a command is decided again after a conflict before the conflict reaches the caller. Default 10. */
  conflictRetries?: number;
  /** Options of the actions beside the commands, such as `{ history: { visibility: "protected" } }`. Default: `public`. */
  actions?: ActionOverrides<QuestionName>;
}

/** The rules of an entity: commands, and the state on which they are decided. */
export interface Decider<
  Events extends EventMap = EventMap,
  State = unknown,
  Params extends Readonly<Record<string, unknown>> = Readonly<Record<string, unknown>>,
> {
  readonly name: string;
  readonly definition: DeciderDefinition;
  /** The types of events, state and params, for the compiler only. */
  readonly types?: { events: Events; state: State; params: Params };
  /** The mixin for a service. Its actions become actions of the service. */
  mixin(): Mixin;
}

/**
 * Defines the rules of an entity. Its mixin adds an action per command, and `state`, `history` and `dryRun`.
 *
 * @example
 * const account = Decider("account", {
 *   eventStore: events,
 *   initialState: () => ({ balance: 0 }),
 *   commands: {
 *     deposit: { params: { amount: "number" }, decide: (_, { amount }) => ({ type: "account.deposited", payload: { amount } }) },
 *   },
 *   evolve: { "account.deposited": (state, { payload }) => ({ balance: state.balance + payload.amount }) },
 * });
 * @throws DefinitionError
 */
export function Decider<
  State,
  const Params extends Readonly<Record<string, unknown>>,
  Events extends EventMap = AnyEvents,
  Decide = unknown,
  Evolve = unknown,
>(
  name: string,
  options: DeciderOptions<Events, State, Params> & DeclaredFunctions<Decide, Evolve, State, Events>,
): Decider<Events, State, NamedParams<Params, Decide>> {
  if (typeof name !== "string" || !serviceName.test(name))
    throw new DefinitionError({
      field: "Decider.name",
      found: name,
      expected: "a name of 1 to 100 letters, digits, _ - and .",
    });
  assertKnownMixinOptions(name, options, [
    "eventStore",
    "stream",
    "initialState",
    "commands",
    "evolve",
    "stateSnapshots",
    "claims",
    "conflictRetries",
    "actions",
  ]);
  const { eventStore } = options;
  assertStore(name, eventStore);
  const definition = parseDecider(name, options, eventStore.catalogue);
  const overrides = parseActions(name, options.actions);
  assertActions(name, overrides, questionNames);
  const actions = Object.fromEntries(
    Object.entries(options.commands as DeciderOptions<Events, State, Params>["commands"]).map(([command, given]) => {
      const { decide: _, params: __, ...action } = given;
      checkActionOptions(`${name}.commands.${command}`, action, ["decide"]);
      return [command, action];
    }),
  );
  const mixin = () => deciderMixin(definition, eventStore, actions, overrides);
  return { ...noMixin("decider", name), name, definition, mixin };
}
