import type { Service } from "moleculer";
import { depthOf, type Link } from "../../core/event/causation.ts";
import { isOutage } from "../../core/errors/outage.ts";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import { consumerActions, consumerInnerActions } from "../consumer/actions.ts";
import type { StartFrom } from "../consumer/checkpoint.ts";
import type { ErrorPolicy } from "../consumer/error-policy.ts";
import { withCommandId } from "../service/command-header.ts";
import { EventCaller } from "../consumer/event-caller.ts";
import { EventSource } from "../consumer/event-source.ts";
import { consumerEvents } from "../consumer/events.ts";
import { LeasedHost } from "../consumer/leased-host.ts";
import { TimeLimit } from "../consumer/time-limit.ts";
import { consumerMetrics } from "../observability/metrics.ts";
import type { CompanionSchema } from "../service/companion.ts";
import { overrideActions, type ActionOverrides } from "../service/action-overrides.ts";
import { processActions } from "./process-actions.ts";
import { ProcessManagerWorker } from "./process-manager-worker.ts";
import type { Outside } from "./process-runner.ts";

interface Options {
  definition: ProcessDefinition;
  store: string;
  leaseMs: number;
  startFrom: StartFrom;
  policy: ErrorPolicy;
  actions: ActionOverrides;
}

/** The service of a process manager: the control of its work, and the list of its processes. */
export function processManagerService({
  definition,
  store,
  leaseMs,
  startFrom,
  policy,
  actions,
}: Options): CompanionSchema {
  const { name } = definition;
  let host: LeasedHost;
  let source: EventSource;
  const schema: CompanionSchema = {
    name,
    actions: { ...consumerActions(name, () => host, "process"), ...processActions(() => source) },
    inner: consumerInnerActions(() => host),
    events: consumerEvents(store, () => ({ host, source })),
    created(this: Service) {
      const { broker, logger } = this;
      const { nodeID: node } = broker;
      const caller = new EventCaller(broker);
      const timeLimit = new TimeLimit(policy.timeoutMs, node);
      const types = [...new Set(definition.on.map(({ pattern }) => pattern))];
      source = new EventSource({ broker, store, consumer: `process-manager/${name}`, types, leaseMs });
      const metrics = consumerMetrics(broker, store, name, "process");
      const outside: Outside = {
        context: ({ causationId: id, correlationId, depth }) =>
          caller.newContext({ id, meta: { correlationId, causationId: "", $causationDepth: depth } }),
        send: (ctx, { action, params, commandId, options }) =>
          caller.callIn(ctx, action, params, withCommandId(commandId, options)),
        chain: (eventId, atMost) => chainTo(source, eventId, atMost),
        onHandled: () => metrics?.folded(1),
      };
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
        work: (lease, interruption, wake) =>
          new ProcessManagerWorker({
            name,
            definition,
            startFrom,
            source,
            lease,
            policy,
            timeLimit,
            outside,
            wake,
            warn,
            debug,
            ...interruption,
          }),
      });
    },
    started: () => host.start(),
    stopped: () => host.stop(),
  };
  overrideActions(schema, [], actions);
  return schema;
}

/**
 * The events that led to this one, which is the last: each contains its cause's id in its meta. @throws an outage's
 * error
 */
async function chainTo(source: EventSource, eventId: string, atMost: number): Promise<Link[]> {
  const chain: Link[] = [];
  for (let id = eventId; chain.length < atMost;) {
    try {
      const event = await source.event(id);
      chain.unshift({ id, type: event.type });
      if (depthOf(event) === 0) break;
      id = event.meta.causationId;
    } catch (error) {
      // The first cause is a call, or an event of another store.
      if (isOutage(error)) throw error;
      break;
    }
  }
  return chain;
}
