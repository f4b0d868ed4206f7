import { described } from "../../core/errors/problem.ts";
import type { ActionSchema, Context, Service, ServiceSchema } from "moleculer";
import type { NewerEvent } from "../../core/catalogue/newer-event.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import type { EventStore } from "../event-store/event-store.ts";
import { DefinitionError, ValidationError } from "../../core/errors/errors.ts";
import { orOnNewer } from "../service/pass-on.ts";
import { reachHandler, withParams, type Params } from "../service/action-params.ts";
import { metadataOf } from "../service/role.ts";
import { idRule } from "../../core/event/params-id.ts";
import { didYouMean } from "../../core/options/near-name.ts";
import { registerDecider } from "../service/known-deciders.ts";
import { assertMixinsAreCalled, type Mixin } from "../service/mixin.ts";
import { markOrigin, ownActions } from "../service/own-actions.ts";
import { markRepeatable } from "../service/repeated-call.ts";
import { companionStarted } from "../service/companion.ts";
import { toCommandCall, type CommandCall } from "./command-call.ts";
import { dryRun } from "./dry-run.ts";
import { assertOwnStreams, knowingDecider, publishedOf } from "./shared-streams.ts";
import { DeciderHost } from "./host.ts";
import { history, stateAt, type HistoryParams, type StateParams } from "./state-queries.ts";
import { wholeNumber } from "../service/whole-number.ts";
import { withOverride, type ActionOverrides } from "../service/action-overrides.ts";
import { dryRunFlag } from "../service/dry-run-flag.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

const whole = { ...wholeNumber, optional: true, convert: true } as const;

const hosts = new WeakMap<Service, DeciderHost>();
/** The handlers of all deciders' actions, to detect two deciders in one service. */
const ownHandlers = new WeakSet<object>();

/** The actions beside the commands. */
export const questionNames = ["state", "history", "dryRun"] as const;
export type QuestionName = (typeof questionNames)[number];

/** The mixin of a decider: an action per command, with `options` as its schema, and `state`, `history` and `dryRun`. */
export function deciderMixin(
  decider: DeciderDefinition,
  store: Pick<EventStore, "name" | "catalogue" | "mixin">,
  options: Readonly<Record<string, ActionSchema>>,
  overrides: ActionOverrides<QuestionName>,
): Mixin {
  const actions = ownActions({
    ...Object.fromEntries(
      [...decider.commands.keys()].map((name) => [name, commandAction(decider, name, options[name]!)]),
    ),
    state: {
      ...withOverride("decider", "state", overrides.state),
      params: { $$strict: true, id: idRule, version: whole, time: { type: "any", optional: true } },
      handler(this: Service, ctx: Context<StateParams>) {
        return orOnNewer(ctx, knowingNode, () => stateAt(hosts.get(this)!, ctx));
      },
    },
    history: {
      ...withOverride("decider", "history", overrides.history),
      params: {
        $$strict: true,
        id: idRule,
        afterVersion: whole,
        beforeVersion: whole,
        limit: { ...whole, min: 1, max: 10_000 },
        backward: { type: "boolean", optional: true, convert: true },
      },
      handler(this: Service, ctx: Context<HistoryParams>) {
        return orOnNewer(ctx, knowingNode, () => history(hosts.get(this)!, ctx));
      },
    },
    dryRun: {
      ...withOverride("decider", "dryRun", overrides.dryRun),
      params: {
        $$strict: true,
        command: "string",
        params: { type: "object", optional: true },
      },
      handler(this: Service, ctx: Context<{ command: string; params?: object }>) {
        const { command, params = {} } = ctx.params;
        // A service can remove a command's action by setting it to false.
        const known = [...decider.commands.keys()].filter((name) => typeof this.actions[name] === "function");
        if (!known.includes(command)) {
          const expected = `one of ${known.join(", ")}${didYouMean(command, known)}`;
          throw new ValidationError([{ field: "command", found: command, expected }]);
        }
        // Calls the command's own action, so that its param rules and hooks apply.
        return this.actions[command]!({ ...params }, { parentCtx: ctx, headers: { [dryRunFlag]: true } });
      },
    },
  });
  for (const action of Object.values(actions)) ownHandlers.add((action as ActionSchema).handler!);
  return {
    mixins: [store.mixin()],
    metadata: { ...metadataOf({ role: "decider", store: store.name }), ...publishedOf(decider, store.name) },
    actions,
    events: {
      // Not in `started`: the store may start later.
      "$broker.started"(this: Service) {
        if (decider.claims.length > 0) void hosts.get(this)?.foldClaims();
      },
      // A store that was restarted may host another log, such as a restored backup. Version conflicts detect it too late.
      "$services.changed"(this: Service) {
        const host = hosts.get(this);
        host?.entities.dropAll();
        void host?.mappedTypes.check();
      },
    },
    created(this: Service) {
      assertMixinsAreCalled(this);
      assertNotReplaced(this, decider.name, actions);
      assertOwnStreams(this.broker, decider, store.name);
      hosts.set(this, new DeciderHost(decider, store, this));
      registerDecider(this.broker, store.name, decider);
    },
    // Waits, so that no other node calls the service before its store is open.
    async started(this: Service) {
      assertOwnStreams(this.broker, decider, store.name);
      await companionStarted(this.broker, store.name);
    },
    async stopped(this: Service) {
      await hosts.get(this)?.stop();
    },
  };
}

/** An entity with events of a newer release is served by a node of that release, if any. */
const knowingNode = ({ broker, service }: Context, newer: NewerEvent): string | null =>
  knowingDecider(broker, service!.fullName, newer);

function commandAction(decider: DeciderDefinition, name: string, options: ActionSchema): ActionSchema {
  const { params, givenParams } = decider.commands.get(name)!;
  const handler = markOrigin(function (this: Service, ctx: Context<object>) {
    reachHandler(ctx);
    const host = hosts.get(this)!;
    const call = toCommandCall(decider, name, ctx);
    const handleHere = () => (call.isDryRun ? dryRun(host, call) : host.commands.run(call));
    return orOnNewer(ctx, knowingNode, handleHere);
  }, "declared");
  markRepeatable(handler, async (ctx) => {
    const call = namedCall(decider, name, ctx);
    return call && hosts.get(ctx.service!)!.commands.earlier(call);
  });
  return withParams({ ...options, handler }, { params: givenParams as Params, addsId: true }, params as Params);
}

/** A call that the param rules refuse; null if it has no valid id, or stores nothing. */
function namedCall(decider: DeciderDefinition, name: string, ctx: Context<object>): CommandCall | null {
  try {
    const call = toCommandCall(decider, name, ctx);
    return call.isDryRun ? null : call;
  } catch {
    return null;
  }
}

/** @throws DefinitionError if another decider or an action of the service would silently replace an action */
function assertNotReplaced(service: Service, name: string, actions: Actions): void {
  const merged = service.schema.actions as Record<string, ActionSchema | false | undefined>;
  const replaced = Object.keys(actions).find((action) => {
    const found = merged[action];
    return found && found.handler !== (actions[action] as ActionSchema).handler;
  });
  const handler = replaced === undefined ? undefined : (merged[replaced] as ActionSchema).handler;
  if (hosts.has(service) || (handler && ownHandlers.has(handler)))
    throw new DefinitionError({
      field: `${service.fullName}.mixins`,
      found: described(`${name} and another decider`),
      expected: "one decider in a service, because each has its own state, history and dryRun",
    });
  if (replaced !== undefined)
    throw new DefinitionError({
      field: `${service.fullName}.actions.${replaced}`,
      found: described("a handler"),
      expected: `no handler: the action belongs to the decider ${name}; a service may only add options (rest, hooks …)`,
    });
}
