import { entityId } from "../../../core/event/params-id.ts";
import { kindOf } from "../../../core/event/event-type.ts";
import { streamOf } from "../../../core/event/stream-name.ts";
import { described } from "../../../core/errors/problem.ts";
import { DefinitionError } from "../../../core/errors/errors.ts";
import { declaredFields } from "../../../core/catalogue/declared-fields.ts";

/** The option `stream` of a mapped event for a stream of its own per event, and what it is parsed to. */
export const perEventOption = "new";
export const perEvent = Symbol("a stream per event");

/**
 * The default stream of an event: named by its type, so that a renamed service, and a decider beside it, use the same
 * stream. The returned function throws a ValidationError if the params have no `id`.
 */
export const entityStream =
  (type: string) =>
  (params: unknown): string =>
    streamOf(kindOf(type), entityId(params));

/** The stream of one event. */
export const streamPerEvent = (type: string, eventId: string): string => streamOf(kindOf(type), eventId);

/**
 * @throws DefinitionError if an action can never have an entity's id. Without this check each event would get a stream
 * of its own, and `expectedVersion` would check nothing.
 */
export function assertHasId({ store, type }: { store: string; type: string }, params: object | undefined): void {
  const fields = params === undefined ? {} : declaredFields(params);
  if (fields === null || "id" in fields) return;
  const names = Object.keys(fields);
  throw new DefinitionError({
    field: `${store}: ${type}.params`,
    found: described(names.length === 0 ? "none" : `${names.join(", ")}, without id`),
    expected: `an id among them, because the default stream is ${streamOf(kindOf(type), "<id>")}; or the option stream ("${perEventOption}": a stream for each event)`,
  });
}
