import type { Context } from "moleculer";
import { DefinitionError } from "../../../core/errors/errors.ts";
import type { PayloadInput } from "../../../core/catalogue/payload-input.ts";
import type { PayloadSchema } from "../../../core/catalogue/payload-schema.ts";
import { eventTypeProblem } from "../../../core/event/event-type.ts";
import { expectedVersionProblem, type ExpectedVersion } from "../../../core/log/expected-version.ts";
import { reservedMeta } from "../../../core/log/assigned-meta.ts";
import { ownNameProblem } from "../../../core/log/new-event.ts";
import { isPlainObject, assertOptions, assertDefinition } from "../../../core/options/options.ts";
import { checkActionOptions } from "../../service/action-options.ts";
import { entityStream, perEvent, perEventOption } from "./event-stream.ts";

export type AnyParams = Record<string, unknown>;
export type From<Value, Params> = Value | ((params: Params, ctx: Context<Params>) => Value | Promise<Value>);

/** None: the default. */
type Id = string | number | null | undefined;

/** How params become an event. Each option is a function of `(params, ctx)`; except for `payload` and `commandId`, also a value. */
export interface EventOptions<Payload = unknown, Params = AnyParams> {
  /**
   * Default: `<kind>-<params.id>`, where the kind is the event's type without its last part: `villa-42` for
   * `villa.opened`. `"new"`: each event gets a stream of its own.
   */
  stream?: From<string, Params>;
  /** Default: the params; without `id`, if the catalogue's schema has no such field. */
  payload?: (params: Params, ctx: Context<Params>) => PayloadInput<Payload> | Promise<PayloadInput<Payload>>;
  /** Fields to store in meta besides `correlationId` and `causationId`. */
  meta?: From<Record<string, unknown>, Params>;
  /** Default `"any"`. */
  expectedVersion?: From<ExpectedVersion, Params>;
  /** A repeated call with the same command id stores the event once. Default: the call's header `commandId`. */
  commandId?: (params: Params, ctx: Context<Params>) => Id | Promise<Id>;
}

/** The event to append, as the appending service's catalogue describes it. */
export interface Target {
  store: string;
  type: string;
  schemaVersion: number | undefined;
  /** What its events were stored as before. */
  formerNames: readonly string[];
  /** The schema of its payload. */
  schema: PayloadSchema | undefined;
  /** The fields that its payload may have; null if it may have others. */
  names: readonly string[] | null;
}

const eventOptions = ["stream", "payload", "meta", "expectedVersion", "commandId"] satisfies (keyof EventOptions)[];

/** The checked options by which a call becomes an event. Each is a value, a function, or undefined. */
export type ToEvent = Readonly<Record<keyof EventOptions, unknown>>;

/** Separates the options of the event from those of Moleculer. @throws DefinitionError */
export function splitOptions<Options extends EventOptions>(
  { store, type: eventType }: Target,
  options: Options,
): [ToEvent, Omit<Options, keyof EventOptions>] {
  const problem = eventTypeProblem(`${store}: an event's type`, eventType);
  if (problem) throw new DefinitionError(problem);
  const at = `${store}: ${eventType}`;
  assertOptions(at, options, `an object of options: ${eventOptions.join(", ")}, and Moleculer's`);
  const { stream, payload, meta, expectedVersion, commandId, ...rest } = options;
  checkEventOptions(at, options);
  const wrongVersion =
    typeof expectedVersion === "function" || expectedVersion === undefined
      ? null
      : expectedVersionProblem(expectedVersion);
  if (wrongVersion) throw new DefinitionError({ ...wrongVersion, field: `${at}.expectedVersion` });
  checkActionOptions(at, rest, eventOptions);
  const streamOption = stream === perEventOption ? perEvent : (stream ?? entityStream(eventType));
  return [{ stream: streamOption, payload, meta, expectedVersion, commandId }, rest];
}

/** @throws DefinitionError for an option of a wrong type */
function checkEventOptions(at: string, { stream, payload, meta, commandId }: EventOptions): void {
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
  const [forged] = typeof meta === "object" ? reservedMeta(`${at}.meta`, meta) : [];
  if (forged) throw new DefinitionError(forged);
  assertDefinition(isFunction(commandId), `${at}.commandId`, commandId, "a function (params, ctx) => string");
}
