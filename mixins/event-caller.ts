import { Errors, type Context, type ServiceBroker } from "moleculer";
import type { RecordedEvent } from "../core/recorded-event.ts";

/** Calls on behalf of an event: its correlation id is the request's, the event itself is the cause. */
export class EventCaller {
  readonly #broker: ServiceBroker;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** @throws ServiceNotFoundError */
  async callAction(name: string, event: RecordedEvent, meta: object = {}): Promise<unknown> {
    // Asked first, since the broker logs a warning for every call of an action that is not there.
    if (!this.#broker.registry.actions.isAvailable(name)) throw new Errors.ServiceNotFoundError({ action: name });
    return this.#broker.call(name, event, this.#optionsFor(event, meta));
  }

  newContext(event: RecordedEvent, meta: object = {}): Context {
    const options = this.#optionsFor(event, meta);
    return Object.assign(new this.#broker.ContextFactory(this.#broker), { ...options, params: event });
  }

  #optionsFor(event: RecordedEvent, meta: object) {
    const { correlationId } = event.meta;
    return { requestID: correlationId, meta: { ...meta, correlationId, causationId: event.id } };
  }
}
