import { isSchemaVersion, schemaVersions, type Catalogue, type CatalogueEntry } from "./catalogue.ts";
import { inWords, safeText } from "../errors/problem.ts";
import { isProblem, toJson } from "../json/json.ts";
import { ignoreOutcome, isThenable } from "../concurrency/is-thenable.ts";
import { partId } from "../event/part-id.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { NewerEventError, placeOf } from "./newer-event.ts";
import { upcastEvents, type OlderPayload } from "./upcast-events.ts";
import { UpcastFailedError } from "./upcast-error.ts";
import type { Upcaster } from "./upcasters.ts";

/** A payload of today's version of its type. */
export interface TodaysPayload {
  entry: CatalogueEntry;
  payload: unknown;
}

type Fail = (why: string, cause?: unknown) => UpcastFailedError;

/** Whether an event needs no upcasting. */
export function isOfToday({ stored }: Catalogue, { type, meta }: Pick<RecordedEvent, "type" | "meta">): boolean {
  const entry = stored.get(type);
  return !entry || ((meta["schemaVersion"] ?? 1) === entry.schemaVersion && type === entry.type);
}

/**
 * Converts an event to today's types, payloads and schema versions: to several events if its upcaster splits it, to none
 * if that drops it. Returns the event itself if it has today's version or its type has no entry. Everything else stays that
 * of the stored event, except for the ids of all but the first.
 * @throws UpcastFailedError, NewerEventError
 */
export function upcast(catalogue: Catalogue, event: RecordedEvent): RecordedEvent[] {
  if (isOfToday(catalogue, event)) return [event];
  return todaysPayloads(catalogue, event).map(({ entry, payload }, index) => ({
    ...event,
    id: partId(event.id, index),
    type: entry.type,
    payload: payload as RecordedEvent["payload"],
    meta: { ...event.meta, schemaVersion: entry.schemaVersion },
  }));
}

/**
 * Applies the upcasters from the event's version to today's, and checks the results.
 * @throws UpcastFailedError, NewerEventError
 */
export function todaysPayloads(catalogue: Catalogue, event: RecordedEvent): TodaysPayload[] {
  const entry = catalogue.stored.get(event.type)!;
  const stored = event.meta["schemaVersion"] ?? 1;
  const fail: Fail = (why, cause) => new UpcastFailedError(event, stored, why, cause);
  if (!isSchemaVersion(stored)) throw fail(`its schema version is not ${schemaVersions}`);
  if (stored > entry.schemaVersion) throw new NewerEventError({ ...placeOf(event), schemaVersion: stored });
  // A copy, so that an upcaster cannot change the stored event.
  const json = toJson("payload", event.payload);
  if (isProblem(json)) throw unfit(entry, inWords([json]), fail);
  return toToday(catalogue, event, { entry, from: stored, json }, [], fail);
}

/** `passed`: the types and versions on the way to this payload. */
function toToday(
  catalogue: Catalogue,
  event: RecordedEvent,
  older: OlderPayload,
  passed: readonly string[],
  fail: Fail,
): TodaysPayload[] {
  const { entry } = older;
  let { json } = older;
  for (let { from } = older; from < entry.schemaVersion; from++) {
    const upcaster = entry.upcasters.get(from);
    if (!upcaster) throw fail(`the catalogue has no upcaster from version ${from} to ${from + 1}`);
    const answer = answerOf(upcaster.upcast, from, json.value as RecordedEvent["payload"], event, fail);
    if (upcaster.to !== null) {
      const way = [...passed, `${entry.type} version ${from}`];
      if (passed.includes(way.at(-1)!)) throw fail(`its upcasters form a circle: ${way.join(", ")}`);
      return upcastEvents(catalogue, { entry, from, to: upcaster.to }, answer, fail).flatMap((one) =>
        toToday(catalogue, event, one, way, fail),
      );
    }
    const next = toJson("payload", answer);
    if (isProblem(next)) throw unfit(entry, inWords([next]), fail);
    json = next;
  }
  const checked = entry.checkStored("", json);
  if (Array.isArray(checked)) throw unfit(entry, inWords(checked), fail);
  return [{ entry, payload: checked.value }];
}

const unfit = ({ schemaVersion }: CatalogueEntry, why: string, fail: Fail) =>
  fail(`its payload does not fit version ${schemaVersion}: ${why}`);

function answerOf(
  upcaster: Upcaster,
  from: number,
  payload: RecordedEvent["payload"],
  event: RecordedEvent,
  fail: Fail,
): unknown {
  let answer: unknown;
  try {
    answer = upcaster(payload, { ...event, payload, meta: { ...event.meta } });
  } catch (error) {
    throw fail(`the upcaster from version ${from} threw ${safeText(error)}`, error);
  }
  if (!isThenable(answer)) return answer;
  ignoreOutcome(answer);
  throw fail(`the upcaster from version ${from} returned a promise, expected a payload`);
}
