import { Service, type ActionSchema, type Context, type ServiceBroker, type ServiceSchema, type Span } from "moleculer";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { asParkedError } from "../../core/event/parked-error.ts";

/**
 * The `tracing` of an action whose params may be personal: Moleculer would make tags of all of them. Who gives tags of
 * his own gets them.
 */
export const withoutParams = (tracing: ActionSchema["tracing"] = true): NonNullable<ActionSchema["tracing"]> => ({
  tags: { params: false },
  ...(typeof tracing === "object" ? tracing : { enabled: tracing }),
});

/** The same for the transforms and handlers among a service's own actions: their params are whole events. */
export function transformsWithoutParams(schema: ServiceSchema, transforms: readonly unknown[]): void {
  const { actions = {} } = schema;
  const service = Service.getVersionedFullName(schema.name, schema.version);
  for (const [name, action] of Object.entries(actions)) {
    if (typeof action === "boolean" || !transforms.includes(`${service}.${name}`)) continue;
    const own = typeof action === "function" ? { handler: action } : action;
    actions[name] = { ...own, tracing: withoutParams(own.tracing) };
  }
}

/** The span of one append, from its call to its answer; null where the broker traces nothing. */
export function appendSpan(ctx: Context, store: string): Span | null {
  if (!ctx.broker.isTracingEnabled()) return null;
  return ctx.startSpan(`append '${store}'`, {
    traceID: ctx.requestID,
    parentID: ctx.span?.id ?? ctx.parentID,
    tags: { store },
  });
}

/** The spans of a fold. */
export interface FoldSpans {
  /** One batch. Events of many requests share it, so it begins a trace of its own. */
  batch(): Span;
  /** One transform that is a function, in the trace of the event's request; an action has Moleculer's own span. */
  transform(event: RecordedEvent): Span;
}

/** The spans of an aggregate's fold, or null where the broker traces nothing. */
export function foldSpans({ broker, aggregate }: { broker: ServiceBroker; aggregate: string }): FoldSpans | null {
  if (!broker.isTracingEnabled()) return null;
  const { tracer } = broker;
  return {
    batch: () => tracer.startSpan(`fold '${aggregate}'`, { service: aggregate, tags: { aggregate } }),
    transform: ({ id, type, position, meta }) =>
      tracer.startSpan(`transform '${type}' in '${aggregate}'`, {
        service: aggregate,
        traceID: meta.correlationId,
        tags: { aggregate, type, position, event: id },
      }),
  };
}

/** Says that it failed, and how, but not with what: our messages and data show what was found. */
export function markFailed(span: Span, error: unknown): void {
  const { name, type, code } = asParkedError(error);
  span.setError(Object.assign(new Error(type ?? name), { name, type, code }));
}
