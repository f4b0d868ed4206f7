import { depthOf, type Link } from "../../core/event/causation.ts";
import { isOutage } from "../../core/errors/outage.ts";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { leasedService, type LeasedConsumer } from "../consumer/leased-service.ts";
import { withCommandId } from "../service/command-header.ts";
import type { CompanionSchema } from "../service/companion.ts";
import { processActions } from "./process-actions.ts";
import { ProcessManagerWorker } from "./process-manager-worker.ts";
import type { Outside } from "./process-runner.ts";

interface Options extends Omit<LeasedConsumer, "name"> {
  definition: ProcessDefinition;
}

/** The service of a process manager: the control of its work, and the list of its processes. */
export function processManagerService({ definition, ...options }: Options): CompanionSchema {
  const { name, on } = definition;
  return leasedService(
    { ...options, name },
    {
      kind: "process-manager",
      patterns: on.map(({ pattern }) => pattern),
      moreActions: processActions,
      work(context) {
        const { caller, source, metrics } = context;
        const outside: Outside = {
          context: ({ causationId: id, correlationId, depth }) =>
            caller.newContext({ id, meta: { correlationId, causationId: "", $causationDepth: depth } }),
          send: (ctx, { action, params, commandId, options }) =>
            caller.callIn(ctx, action, params, withCommandId(commandId, options)),
          chain: (eventId, atMost) => chainTo(source, eventId, atMost),
          onHandled: () => metrics?.folded(1),
        };
        return new ProcessManagerWorker({ ...context, definition, outside });
      },
    },
  );
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
