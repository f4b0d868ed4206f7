import type { Context, ServiceSchema } from "moleculer";
import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import { upcastEach } from "../../../core/catalogue/upcast-page.ts";
import { eventFields } from "../../../core/query/event-fields.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { partsOf } from "../../../core/event/page-event.ts";
import { parseQuery } from "../../../core/query/query.ts";
import { TraceBuilder, type Trace, type TraceLimits } from "./trace.ts";
import type { HostedStore } from "./history-actions.ts";
import { requestIds } from "./request-ids.ts";

const maxEvents = 10_000;
/** An event may add two levels of nodes and four of brackets. JSON.stringify overflows its stack not far above this. */
const maxDepth = 500;
/** Positions searched before yielding to the event loop. */
const slice = 10_000;
/** Events in memory at once; their payloads are not kept. */
const pageSize = 100;

/** The action `trace`. */
export function traceActions(hosted: () => HostedStore): NonNullable<ServiceSchema["actions"]> {
  return {
    trace: {
      params: { $$strict: true, correlationId: { type: "string", empty: false } },
      handler(ctx: Context<{ correlationId: string }, Record<string, unknown>>) {
        const { maxAnswerBytes: bytes = Infinity } = requestIds(ctx);
        const { log, catalogue } = hosted().host;
        return trace(log, catalogue.current, ctx.params.correlationId, { events: maxEvents, depth: maxDepth, bytes });
      },
    },
  };
}

/** Searches the log up to its current head, or until the tree is full. */
async function trace(log: EventLog, catalogue: Catalogue, correlationId: string, limits: TraceLimits): Promise<Trace> {
  const tracing = new TraceBuilder(correlationId, limits);
  const head = await log.head();
  while (tracing.trace.position < head && (tracing.trace.end || !tracing.isFull)) {
    const after = tracing.trace.position;
    const end = Math.min(after + slice, head);
    const query = { position: { $gt: after, $lte: end }, "meta.correlationId": correlationId };
    const events = await log.find(parseQuery(eventFields, { query, limit: pageSize }));
    for (const event of upcastEach(catalogue, { events }).events) for (const part of partsOf(event)) tracing.add(part);
    tracing.trace.position = events.length < pageSize ? end : events.at(-1)!.position;
    await new Promise((turn) => setImmediate(turn));
  }
  return tracing.trace;
}
