import { Errors, type Context, type ServiceBroker, type Span } from "moleculer";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { remoteCall } from "./remote-call.ts";

/** Calls on behalf of an event: its correlation id is the request's, the event itself is the cause. */
export class EventCaller {
  readonly #broker: ServiceBroker;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** @throws ServiceNotFoundError */
  callAction(name: string, event: RecordedEvent, meta: object = {}): Promise<unknown> {
    // Asked first, since the broker logs a warning for every call of an action that is not there.
    if (!this.#broker.registry.actions.isAvailable(name))
      return Promise.reject(new Errors.ServiceNotFoundError({ action: name }));
    return remoteCall(this.#broker, name, event, this.#optionsFor(event, meta));
  }

  newContext(event: RecordedEvent, meta: object = {}, span: Span | null = null): Context {
    const options = this.#optionsFor(event, meta);
    const ctx = Object.assign(new this.#broker.ContextFactory(this.#broker), { ...options, params: event });
    // Its calls name the context as their parent, and Moleculer's spans are named like their contexts.
    return span ? Object.assign(ctx, { id: span.id, span, tracing: span.sampled }) : ctx;
  }

  #optionsFor(event: RecordedEvent, meta: object) {
    const { correlationId } = event.meta;
    return { requestID: correlationId, meta: { ...meta, correlationId, causationId: event.id } };
  }
}
