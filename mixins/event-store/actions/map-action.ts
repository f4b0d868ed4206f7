import type { ActionSchema, Context, EventSchema, Service } from "moleculer";
import { isStandardSchema, type StandardSchema } from "../../../core/catalogue/standard-schema.ts";
import type { UntypedActionOptions } from "../../service/action-options.ts";
import { strictParams } from "../../service/given-params.ts";
import { checkedBy, reachHandler, withParams } from "../../service/action-params.ts";
import { markOrigin } from "../../service/own-actions.ts";
import { markRepeatable } from "../../service/repeated-call.ts";
import { withoutParams } from "../../observability/spans.ts";
import type { StoredAnswer } from "../append/appends.ts";
import { splitOptions, type AnyParams, type EventOptions, type Target } from "./event-options.ts";
import { assertHasId } from "./event-stream.ts";
import { appendMapped, storedMapped } from "./mapped-append.ts";
import { defaultParams } from "./mapped-params.ts";

/** Every option of a Moleculer action except its handler, and how the params become an event. */
export interface MapActionOptions<Payload = unknown, Params = AnyParams, Schema = ActionSchema["params"]>
  extends
    Omit<ActionSchema, "name" | "handler" | "service" | "remoteHandler" | "params">,
    UntypedActionOptions,
    EventOptions<Payload, Params> {
  /** Default: the schema of the payload, if the catalogue has one, and `id`. */
  params?: Schema;
}

export interface MapEventOptions<Payload = unknown, Params = AnyParams>
  extends Omit<EventSchema, "name" | "handler" | "service" | "params">, EventOptions<Payload, Params> {
  params?: NonNullable<EventSchema["params"]> | StandardSchema;
  /** Like an action's `tracing`. By default the params do not become tags. */
  tracing?: ActionSchema["tracing"];
}

/** Creates the action of `EventStore.mapAction`. @throws DefinitionError */
export function mapAction(target: Target, options: MapActionOptions): ActionSchema {
  const [toEvent, action] = splitOptions(target, options);
  const params = action.params
    ? strictParams(action.params)
    : (defaultParams(target, options) as ActionSchema["params"]);
  if (options.stream === undefined) assertHasId(target, action.params ?? params);
  const handler = markOrigin((ctx: Context<AnyParams>): Promise<StoredAnswer> => {
    reachHandler(ctx);
    return appendMapped(target, toEvent, ctx);
  }, "declared");
  markRepeatable(handler, (ctx) => storedMapped(target, toEvent, ctx as Context<AnyParams>));
  const { params: given, ...others } = action;
  const schema = { ...others, tracing: withoutParams(action.tracing), handler };
  return withParams(schema, { params: given, addsId: false }, params);
}

/** Creates the event handler of `EventStore.mapEvent`. @throws DefinitionError */
export function mapEvent(target: Target, options: MapEventOptions): EventSchema {
  const { type } = target;
  const [toEvent, event] = splitOptions(target, options);
  const { params, ...others } = event;
  // Without params, any event is accepted, and its id is checked when it arrives.
  if (options.stream === undefined && params) assertHasId(target, params);
  const isOwn = isStandardSchema(params);
  const schema: EventSchema & Pick<MapEventOptions, "tracing"> = {
    ...(isOwn ? others : event),
    tracing: withoutParams(event.tracing),
    async handler(this: Service, ctx: Context<AnyParams>): Promise<void> {
      try {
        if (isOwn) ctx.params = (await checkedBy(params, ctx.params ?? {})) as AnyParams;
        await appendMapped(target, toEvent, ctx);
      } catch (error) {
        this.logger.error(`The event ${ctx.eventName} was not stored as ${type}`, error);
        const {
          name,
          message,
          code,
          type: kind,
          data,
        } = error as Error & { code?: unknown; type?: unknown; data?: unknown };
        await ctx.emit(`${type}.failed`, {
          event: ctx.eventName,
          params: ctx.params,
          error: { name, message, code, type: kind, data },
        });
      }
    },
  };
  return schema;
}
