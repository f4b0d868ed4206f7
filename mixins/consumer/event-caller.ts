import { Errors, type CallingOptions, type Context, type ServiceBroker, type Span } from "moleculer";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { depthOf } from "../../core/event/causation.ts";
import { mergeReadAfter } from "../service/read-after.ts";
import { remoteCall } from "./remote-call.ts";

/** What a call is made for: an event, or what an event has led to. */
export type Cause = Pick<RecordedEvent<string, unknown>, "id" | "meta">;

/** Calls on behalf of an event: its correlation id is the request's, the event itself is the cause. */
export class EventCaller {
  readonly #broker: ServiceBroker;

  constructor(broker: ServiceBroker) {
    this.#broker = broker;
  }

  /** @throws ServiceNotFoundError */
  callAction(name: string, event: Cause, meta: object = {}): Promise<unknown> {
    // Asked first, since the broker logs a warning for every call of an action that is not there.
    if (!this.#broker.registry.actions.isAvailable(name))
      return Promise.reject(new Errors.ServiceNotFoundError({ action: name }));
    return remoteCall(this.#broker, name, event, this.#optionsFor(event, meta));
  }

  /** Calls an action in a context of `newContext`: what the action's chain has stored is read by later calls in it. */
  async callIn<Answer>(ctx: Context, name: string, params: unknown, options: CallingOptions = {}): Promise<Answer> {
    if (!this.#broker.registry.actions.isAvailable(name)) throw new Errors.ServiceNotFoundError({ action: name });
    const { requestID } = ctx;
    const own: CallingOptions = { ...options, parentCtx: ctx, ...(requestID && { requestID }) };
    return remoteCall<Answer>(this.#broker, name, params, own, (meta) => mergeReadAfter(ctx, meta));
  }

  newContext(event: Cause, meta: object = {}, span: Span | null = null): Context {
    const options = this.#optionsFor(event, meta);
    const ctx = Object.assign(new this.#broker.ContextFactory(this.#broker), { ...options, params: event });
    // Its calls name the context as their parent, and Moleculer's spans are named like their contexts.
    return span ? Object.assign(ctx, { id: span.id, span, tracing: span.sampled }) : ctx;
  }

  #optionsFor(event: Cause, meta: object) {
    const { correlationId } = event.meta;
    const causationDepth = depthOf(event) + 1;
    return { requestID: correlationId, meta: { ...meta, correlationId, causationId: event.id, causationDepth } };
  }
}
