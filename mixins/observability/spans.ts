import { Service, type ActionSchema, type Context, type ServiceBroker, type ServiceSchema, type Span } from "moleculer";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { asParkedError } from "../../core/event/parked-error.ts";

/**
 * The `tracing` of an action whose params may be personal data. By default Moleculer would add all params to the tags.
 * Tags that the action declares itself are kept.
 */
export const withoutParams = (tracing: ActionSchema["tracing"] = true): NonNullable<ActionSchema["tracing"]> => ({
  tags: { params: false },
  ...(typeof tracing === "object" ? tracing : { enabled: tracing }),
});

/** Applies `withoutParams` to the actions of a service that are transforms or handlers: their params are whole events. */
export function transformsWithoutParams(schema: ServiceSchema, transforms: readonly unknown[]): void {
  const { actions = {} } = schema;
  const service = Service.getVersionedFullName(schema.name, schema.version);
  for (const [name, action] of Object.entries(actions)) {
    if (typeof action === "boolean" || !transforms.includes(`${service}.${name}`)) continue;
    const own = typeof action === "function" ? { handler: action } : action;
    actions[name] = { ...own, tracing: withoutParams(own.tracing) };
  }
}

/** Starts the span of one append. */
export function appendSpan(ctx: Context, store: string): Span {
  return ctx.startSpan(`append '${store}'`, {
    traceID: ctx.requestID,
    parentID: ctx.span?.id ?? ctx.parentID,
    tags: { store },
  });
}

/** The spans of a fold. */
export interface FoldSpans {
  /** The span of a batch. It begins a new trace, because events of many requests share a batch. */
  batch(): Span;
  /** The span of a function transform, in the trace of the event's request. An action has Moleculer's own span. */
  transform(event: RecordedEvent): Span;
}

/** The spans of a table's fold; null if tracing is disabled. */
export function foldSpans({ broker, table }: { broker: ServiceBroker; table: string }): FoldSpans | null {
  if (!broker.isTracingEnabled()) return null;
  const { tracer } = broker;
  return {
    batch: () => tracer.startSpan(`fold '${table}'`, { service: table, tags: { table } }),
    transform: ({ id, type, position, meta }) =>
      tracer.startSpan(`transform '${type}' in '${table}'`, {
        service: table,
        traceID: meta.correlationId,
        tags: { table, type, position, event: id },
      }),
  };
}

/** Marks a span as failed, with the error's name, type and code only: its message and data may contain personal data. */
export function markFailed(span: Span, error: unknown): void {
  const { name, type, code } = asParkedError(error);
  span.setError(Object.assign(new Error(type ?? name), { name, type, code }));
}
