import type { CallingOptions, Context, Service } from "moleculer";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { entityId } from "../../core/event/stream-name.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import { consumerActions, consumerInnerActions } from "../consumer/actions.ts";
import type { StartFrom } from "../consumer/checkpoint.ts";
import type { ErrorPolicy } from "../consumer/error-policy.ts";
import { EventCaller } from "../consumer/event-caller.ts";
import { EventSource } from "../consumer/event-source.ts";
import { consumerEvents } from "../consumer/events.ts";
import { LeasedHost } from "../consumer/leased-host.ts";
import { SubscriptionWorker } from "./subscription-worker.ts";
import { consumerMetrics } from "../observability/metrics.ts";
import type { CompanionSchema } from "../service/companion.ts";
import { TimeLimit } from "../consumer/time-limit.ts";
import { CommandIds } from "../../core/process/derived-ids.ts";
import { withCommandId } from "../service/command-header.ts";
import { overrideActions, type ActionOverrides } from "../service/action-overrides.ts";

/** The second argument of a handler function. */
export interface HandlerView {
  /** The entity's id: the part of the stream's name after its category. Reading it fails if there is none. */
  readonly id: string;
  /**
   * Calls an action, with the event as the cause. Its command id is the same if the event is handled again, so that a
   * decider, a mapped action and `append` store once.
   */
  call: Context["call"];
  readonly ctx: Context;
}

/** An action's name, or a function. */
export type Handler = string | ((event: RecordedEvent, view: HandlerView) => unknown);

interface Definition {
  name: string;
  store: string;
  leaseMs: number;
  startFrom: StartFrom;
  on: readonly { pattern: string; handler: Handler }[];
  policy: ErrorPolicy;
  actions: ActionOverrides;
}

/** The service of a subscription: the control of its handling. */
export function subscriptionService({
  name,
  store,
  leaseMs,
  startFrom,
  on,
  policy,
  actions,
}: Definition): CompanionSchema {
  let host: LeasedHost;
  let source: EventSource;
  const handlers = on.map((one) => ({ ...one, isFor: typeMatcher([one.pattern]) }));
  const schema: CompanionSchema = {
    name,
    actions: consumerActions(name, () => host),
    inner: consumerInnerActions(() => host),
    events: consumerEvents(store, () => ({ host, source })),
    created(this: Service) {
      const { broker, logger } = this;
      const { nodeID: node } = broker;
      const caller = new EventCaller(broker);
      const timeLimit = new TimeLimit(policy.timeoutMs, node);
      const types = [...new Set(on.map(({ pattern }) => pattern))];
      source = new EventSource({ broker, store, consumer: `subscription/${name}`, types, leaseMs });
      const handle = async (event: RecordedEvent) => {
        const ids = new CommandIds(event.id, name);
        for (const { pattern, handler, isFor } of handlers)
          if (isFor(event.type)) await timeLimit.wait(`the handler of ${pattern}`, run(caller, handler, event, ids));
        metrics?.folded(1);
      };
      const metrics = consumerMetrics(broker, store, name, "subscription");
      const warn = (message: string, details: object) => logger.warn(message, details);
      const debug = (message: string, details: object) => logger.debug(message, details);
      host = new LeasedHost({
        name,
        node,
        source,
        policy,
        timeLimit,
        metrics,
        warn,
        debug,
        work: (lease, interruption) =>
          new SubscriptionWorker({ name, startFrom, source, lease, policy, handle, warn, debug, ...interruption }),
      });
    },
    started: () => host.start(),
    stopped: () => host.stop(),
  };
  overrideActions(schema, [], actions);
  return schema;
}

async function run(caller: EventCaller, handler: Handler, event: RecordedEvent, ids: CommandIds): Promise<unknown> {
  if (typeof handler === "string") return caller.callAction(handler, event, {}, ids.next(handler, event));
  const ctx = caller.newContext(event);
  const call = (action: string, params?: unknown, options: CallingOptions = {}) => {
    const { commandId = ids.next(action, params) } = (options.headers ?? {}) as { commandId?: string };
    return ctx.call(action, params, withCommandId(commandId, options));
  };
  return handler(event, {
    ctx,
    call,
    get id() {
      return entityId(event.stream);
    },
  });
}
