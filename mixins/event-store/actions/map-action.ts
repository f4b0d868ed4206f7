import type { ActionSchema, Context, EventSchema, Service } from "moleculer";
import { isEventId } from "../../../core/event/event-id.ts";
import { DefinitionError, ValidationError } from "../../../core/errors/errors.ts";
import { eventTypeProblem } from "../../../core/event/event-type.ts";
import { expectedVersionProblem, type ExpectedVersion } from "../../../core/log/expected-version.ts";
import { ownNameProblem } from "../../../core/log/new-event.ts";
import { isPlainObject, assertOptions, assertDefinition } from "../../../core/options/options.ts";
import { withOptional } from "../../../core/catalogue/payload-schema.ts";
import { checkActionOptions } from "../../service/action-options.ts";
import { callStore } from "../../service/message-size.ts";
import { markOrigin } from "../../service/own-actions.ts";
import { withoutParams } from "../../observability/spans.ts";
import type { StoredAnswer } from "../append/appends.ts";
import { assertHasId, entityStream, perEvent, perEventOption, streamPerEvent } from "./event-stream.ts";

type AnyParams = Record<string, unknown>;
type From<Value, Params> = Value | ((params: Params, ctx: Context<Params>) => Value | Promise<Value>);

/** How params become an event. Except for `payload`, each option is a value or a function of `(params, ctx)`. */
export interface EventOptions<Payload = unknown, Params = AnyParams> {
  /**
   * Default: `<kind>-<params.id>`, where the kind is the event's type without its last part: `villa-42` for
   * `villa.opened`. `"new"`: each event gets a stream of its own.
   */
  stream?: From<string, Params>;
  /** Default: the params. */
  payload?: (params: Params, ctx: Context<Params>) => Payload | Promise<Payload>;
  /** Fields to store in meta besides `correlationId` and `causationId`. */
  meta?: From<Record<string, unknown>, Params>;
  /** Default `"any"`. */
  expectedVersion?: From<ExpectedVersion, Params>;
  /** A UUID. A repeated call with the same id stores the event once. */
  eventId?: From<string, Params>;
}

/** Every option of a Moleculer action except its handler, and how the params become an event. */
export interface MapActionOptions<Payload = unknown, Params = AnyParams>
  extends Omit<ActionSchema, "name" | "handler" | "service" | "remoteHandler">, EventOptions<Payload, Params> {
  /** moleculer-web's alias. */
  rest?: string | string[] | Record<string, unknown>;
}

export interface MapEventOptions<Payload = unknown, Params = AnyParams>
  extends Omit<EventSchema, "name" | "handler" | "service">, EventOptions<Payload, Params> {
  /** Like an action's `tracing`. By default the params do not become tags. */
  tracing?: ActionSchema["tracing"];
}

/** The store, type and schema version of an event to append. The version is that of the appending service's catalogue. */
export interface Target {
  store: string;
  type: string;
  schemaVersion: number | undefined;
}

/** Creates the action of `EventStore.mapAction`. @throws DefinitionError */
export function mapAction(target: Target, options: MapActionOptions): ActionSchema {
  const [toEvent, action] = split(target, options);
  if (options.stream === undefined) assertHasId(target, action.params);
  return {
    ...action,
    tracing: withoutParams(action.tracing),
    ...(action.params && {
      params: Object.fromEntries(
        Object.entries(action.params).map(([name, rule]) => [
          name,
          typeof rule === "string" ? withOptional(rule) : rule,
        ]),
      ),
    }),
    handler: markOrigin(async function (ctx: Context<AnyParams>): Promise<StoredAnswer> {
      return appendOne(target, toEvent, ctx);
    }, "declared"),
  };
}

/** Creates the event handler of `EventStore.mapEvent`. @throws DefinitionError */
export function mapEvent(target: Target, options: MapEventOptions): EventSchema {
  const { type } = target;
  const [toEvent, event] = split(target, options);
  // Without params, any event is accepted, and its id is checked when it arrives.
  if (options.stream === undefined && event.params) assertHasId(target, event.params);
  const schema: EventSchema & Pick<MapEventOptions, "tracing"> = {
    ...event,
    tracing: withoutParams(event.tracing),
    async handler(this: Service, ctx: Context<AnyParams>): Promise<void> {
      try {
        await appendOne(target, toEvent, ctx);
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

const eventOptions = ["stream", "payload", "meta", "expectedVersion", "eventId"] satisfies (keyof EventOptions)[];

/** The options of a definition that are not undefined, in the order in which their functions are called. */
type GivenOptions = readonly (readonly [name: string, option: unknown])[];

function split<Options extends EventOptions>(
  { store, type: eventType }: Target,
  options: Options,
): [GivenOptions, Omit<Options, keyof EventOptions>] {
  const problem = eventTypeProblem(`${store}: an event's type`, eventType);
  if (problem) throw new DefinitionError(problem);
  const at = `${store}: ${eventType}`;
  assertOptions(at, options, `an object of options: ${eventOptions.join(", ")}, and Moleculer's`);
  const { stream, payload, meta, expectedVersion, eventId, ...rest } = options;
  checkEventOptions(at, options);
  const wrongVersion =
    typeof expectedVersion === "function" || expectedVersion === undefined
      ? null
      : expectedVersionProblem(expectedVersion);
  if (wrongVersion) throw new DefinitionError({ ...wrongVersion, field: `${at}.expectedVersion` });
  checkActionOptions(at, rest, eventOptions);
  const streamOption = stream === perEventOption ? perEvent : (stream ?? entityStream(eventType));
  const given = Object.entries({ eventId, stream: streamOption, expectedVersion, payload, meta });
  return [given.filter(([, option]) => option !== undefined), rest];
}

/** @throws DefinitionError for an option of a wrong type */
function checkEventOptions(at: string, { stream, payload, meta, eventId }: EventOptions): void {
  const isFunction = (given: unknown) => given === undefined || typeof given === "function";
  const problem = isFunction(stream) ? null : ownNameProblem(`${at}.stream`, stream);
  if (problem) throw new DefinitionError(problem);
  assertDefinition(isFunction(payload), `${at}.payload`, payload, "a function (params, ctx) => payload");
  assertDefinition(
    isFunction(meta) || isPlainObject(meta),
    `${at}.meta`,
    meta,
    "an object, or a function that returns one",
  );
  const isId = isFunction(eventId) || isEventId(eventId);
  assertDefinition(isId, `${at}.eventId`, eventId, "a UUID, or a function that returns one");
}

async function appendOne(
  { store, type, schemaVersion }: Target,
  options: GivenOptions,
  ctx: Context<AnyParams>,
): Promise<StoredAnswer> {
  // Null if the broker has no service of this package: then the middleware of `boundary.ts` is missing.
  const params = ctx.params ?? {};
  const values: Record<string, unknown> & EventValues = { payload: params };
  for (const [name, option] of options)
    values[name] = typeof option === "function" ? await (option as OptionFunction)(params, ctx) : option;
  const { eventId, expectedVersion, payload, meta } = values;
  const { id, stream } =
    values.stream === perEvent ? streamPerEvent(type, eventId) : { id: eventId, stream: values.stream };
  // A function that returned undefined: the append would silently skip the version check.
  const problem = "expectedVersion" in values ? expectedVersionProblem(expectedVersion) : null;
  if (problem) throw new ValidationError([problem]);
  // With the schema version, because the store's host may have a newer catalogue than this service.
  const event = { id, type, payload, meta: schemaVersion === undefined ? meta : withVersion(meta, schemaVersion) };
  return callStore<StoredAnswer>(ctx, `${store}.append`, { stream, expectedVersion, events: [event] });
}

type EventValues = Partial<Record<keyof EventOptions, unknown>>;
type OptionFunction = (params: AnyParams, ctx: Context<AnyParams>) => unknown;

/** The store rejects a meta that is not an object. */
function withVersion(meta: unknown, schemaVersion: number): unknown {
  if (meta === undefined) return { schemaVersion };
  return meta !== null && typeof meta === "object" && !Array.isArray(meta) ? { schemaVersion, ...meta } : meta;
}
