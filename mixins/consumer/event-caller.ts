import { Errors, type CallingOptions, type Context, type ServiceBroker, type Span } from "moleculer";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { depthOf, nextDepth } from "../../core/event/causation.ts";
import { mergeReadAfter } from "../service/read-after.ts";
import { withCommandId } from "../service/command-header.ts";
import { remoteCall } from "./remote-call.ts";

/** The cause of a call: an event, or a deadline that an event has led to. */
export type Cause = Pick<RecordedEvent<string, unknown>, "id" | "meta">;

/** Calls actions on behalf of an event: the request has the event's correlation id, and the event as its cause. */
export class EventCaller {
  readonly #broker: ServiceBroker;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** @throws ServiceNotFoundError */
  callAction(name: string, event: Cause, meta: object = {}, commandId?: string): Promise<unknown> {
    // Checked first, because the broker logs a warning for every call of an action that does not exist.
    if (!this.#broker.registry.actions.isAvailable(name))
      return Promise.reject(new Errors.ServiceNotFoundError({ action: name }));
    const options = this.#optionsFor(event, meta);
    return remoteCall(this.#broker, name, event, commandId === undefined ? options : withCommandId(commandId, options));
  }

  /** Calls an action in a context of `newContext`. Later calls in that context read the events that it has stored. */
  async callIn<Answer>(ctx: Context, name: string, params: unknown, options: CallingOptions = {}): Promise<Answer> {
    if (!this.#broker.registry.actions.isAvailable(name)) throw new Errors.ServiceNotFoundError({ action: name });
    const { requestID } = ctx;
    const own: CallingOptions = { ...options, parentCtx: ctx, ...(requestID && { requestID }) };
    return remoteCall<Answer>(this.#broker, name, params, own, (meta) => mergeReadAfter(ctx, meta));
  }

  newContext(event: Cause, meta: object = {}, span: Span | null = null): Context {
    const options = this.#optionsFor(event, meta);
    const ctx = Object.assign(new this.#broker.ContextFactory(this.#broker), { ...options, params: event });
    // Calls in the context name its id as their parent, and Moleculer gives a span the id of its context.
    return span ? Object.assign(ctx, { id: span.id, span, tracing: span.sampled }) : ctx;
  }

  #optionsFor(event: Cause, meta: object) {
    const { correlationId } = event.meta;
    const $causationDepth = nextDepth(depthOf(event));
    return { requestID: correlationId, meta: { ...meta, correlationId, causationId: event.id, $causationDepth } };
  }
}
