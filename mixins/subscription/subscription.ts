import type { ServiceSchema } from "moleculer";
import { DefinitionError } from "../../core/errors/errors.ts";
import { isPlainObject } from "../../core/options/options.ts";
import type { AnyEvents, EventMap, EventOf, Matching } from "../../core/event/recorded-event.ts";
import type { Wildcard } from "../aggregate/aggregate.ts";
import { parseFormerName, storedName } from "../consumer/former-name.ts";
import { parseStartFrom, type StartFrom } from "../consumer/start-from.ts";
import { parsePolicy, type OnError } from "../consumer/error-policy.ts";
import { assertStore, type EventStore } from "../event-store/event-store.ts";
import { serviceName } from "../service/service-name.ts";
import { mappedTypeProblem } from "../service/mapped-type.ts";
import { noMixin, type Mixin } from "../service/mixin.ts";
import { companionMixin, type Companion } from "../service/companion.ts";
import { transformsWithoutParams } from "../observability/spans.ts";
import { subscriptionService, type Handler, type HandlerView } from "./service.ts";
import type { ConsumerActionName } from "../service/action-names.ts";
import { assertKnownMixinOptions, parseActions, type ActionOverrides } from "../service/action-overrides.ts";

type HandlerOf<Events extends EventMap, Type extends string> =
  string | ((event: EventOf<Events, Matching<Events, Type>>, view: HandlerView) => unknown);

/** Event type, which may contain Moleculer's wildcards → an action's name or a function. */
export type Handlers<Events extends EventMap> = string extends keyof Events
  ? { [type: string]: HandlerOf<Events, string> }
  : { [Type in keyof Events & string]?: HandlerOf<Events, Type> } & {
      [Pattern in Wildcard]?: HandlerOf<Events, Pattern>;
    };

export interface SubscriptionOptions<Events extends EventMap> {
  eventStore: EventStore<Events>;
  on: Handlers<Events>;
  /**
   * Where the consumer begins on its first start: `"origin"` (the default), `"current"`, after the last event,
   * `{ position }`, after the event there, or `{ time }`, at the first event that is not older.
   */
  startFrom?: StartFrom;
  /**
   * The name that it had before it was renamed: its checkpoint, its parked events and the ids of its commands stay those
   * of the former name. Keep the option.
   */
  formerName?: string;
  /** How often a failed event is retried, and when the consumer stops. */
  onError?: OnError;
  /** Options of the service's actions, such as `{ skip: { visibility: "protected" } }`. Default: `public`. */
  actions?: ActionOverrides<ConsumerActionName>;
}

/** A durable handler of events. */
export interface Subscription {
  readonly name: string;
  /** The mixin for a service. */
  mixin(): Mixin;
}

/**
 * Defines a durable handler of a store's events. Each event is handled at least once, in the order of the log, by one
 * node at a time. The checkpoint is kept in the store. The mixin creates one service called `name` with `status,
 * pause, resume, parked, retry, skip`.
 *
 * @example Subscription("welcome", { eventStore: events, on: { "account.opened": (event, { call }) => call("mail.send", event.payload) } })
 * @throws DefinitionError
 */
export function Subscription<Events extends EventMap = AnyEvents>(
  name: string,
  options: SubscriptionOptions<Events>,
): Subscription {
  const refuse = (field: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field, found, expected });
  };
  if (typeof name !== "string" || !serviceName.test(name))
    refuse("Subscription.name", name, "a service name of 1 to 100 letters, digits, _ - and .");
  assertKnownMixinOptions(name, options, ["eventStore", "on", "startFrom", "formerName", "onError", "actions"]);
  const { eventStore, on: handlers, onError } = options;
  const actions = parseActions(name, options.actions);
  assertStore(name, eventStore);
  const policy = parsePolicy(name, onError);
  const formerName = parseFormerName(name, options.formerName);
  const startFrom = parseStartFrom(name, options.startFrom);
  if (!isPlainObject(handlers)) refuse(`${name}.on`, handlers, "an object of event types and their handlers");
  const on = Object.entries(handlers as Record<string, Handler>).map(([pattern, handler]) => {
    const problem = mappedTypeProblem(`${name}.on`, pattern, eventStore);
    if (problem) throw new DefinitionError(problem);
    if (typeof handler !== "function" && (typeof handler !== "string" || handler === ""))
      refuse(`${name}.on["${pattern}"]`, handler, "an action's name or a function");
    return { pattern, handler };
  });
  if (on.length === 0) refuse(`${name}.on`, handlers, "a handler for at least one event type");
  const companion: Companion = {
    name,
    kind: "subscription",
    dependsOn: eventStore,
    storedName: storedName({ name, formerName }),
    conflictWith: (other) => (other === companion ? null : "is another subscription's name on this broker already"),
    schema: () =>
      subscriptionService({
        name,
        store: eventStore.name,
        leaseMs: eventStore.leaseMs,
        catalogue: eventStore.catalogue,
        startFrom,
        formerName,
        on,
        policy,
        actions,
      }),
  };
  const handlerActions = on.map(({ handler }) => handler);
  const merged = (schema: ServiceSchema) => transformsWithoutParams(schema, handlerActions);
  return { ...noMixin("subscription", name), name, mixin: () => Object.assign(companionMixin(companion), { merged }) };
}
