import { Errors } from "moleculer";
import { isSchemaVersion, type Catalogue, type UnknownTypes } from "./catalogue.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";
import { isReserved } from "../event/stream-name.ts";

/**
 * An event that the catalogue is too old for: its schema version is higher, its type has another name, or is missing where
 * others are refused.
 */
export interface NewerEvent extends Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position" | "time"> {
  schemaVersion: number;
  /** The name by which this release knows the type. */
  formerName?: string;
}

/** The schema versions that a catalogue can read, as nodes announce them to each other. */
export interface KnownVersions {
  unknownTypes: UnknownTypes;
  versions: Record<string, number>;
}

export const knownVersions = ({ stored, unknownTypes }: Catalogue): KnownVersions => ({
  unknownTypes,
  versions: Object.fromEntries(Array.from(stored, ([type, { schemaVersion }]) => [type, schemaVersion])),
});

export function isKnown(
  { unknownTypes, versions }: KnownVersions,
  { type, schemaVersion, formerName }: Pick<NewerEvent, "type" | "schemaVersion" | "formerName">,
): boolean {
  const known = Object.hasOwn(versions, type) ? versions[type]! : null;
  return known === null ? unknownTypes === "accept" && formerName === undefined : schemaVersion <= known;
}

/** Whether no event can be newer than the catalogue. */
export const knowsEveryEvent = ({ entries, newNames }: Catalogue): boolean => entries.size === 0 && newNames.size === 0;

/** Null if the catalogue knows the event's type and version. The framework's own events belong to no catalogue. */
export function newerThan({ stored, newNames, unknownTypes }: Catalogue, event: RecordedEvent): NewerEvent | null {
  const { type, meta } = event;
  const { schemaVersion = 1 } = meta;
  const formerName = newNames.get(type);
  if (formerName !== undefined) {
    const version = isSchemaVersion(schemaVersion) ? schemaVersion : 1;
    return { ...placeOf(event), type: stored.get(type)?.type ?? type, schemaVersion: version, formerName };
  }
  const known = stored.get(type)?.schemaVersion ?? (unknownTypes === "accept" || isReserved(type) ? Infinity : 0);
  if (!isSchemaVersion(schemaVersion) || schemaVersion <= known) return null;
  return { ...placeOf(event), schemaVersion };
}

export const placeOf = ({ id, type, stream, version, position, time }: RecordedEvent) => ({
  id,
  type,
  stream,
  version,
  position,
  time,
});

/** What the event waits for, as the cause of a status. */
export const neededRelease = ({ position, type, schemaVersion, formerName }: NewerEvent): string =>
  `position ${position} needs a release that knows ${type} version ${schemaVersion}` +
  (formerName === undefined ? "" : `, formerly ${formerName}`);

/**
 * Why the catalogue cannot check the events of an append: a sender of a newer release states their schema versions, so they
 * are not bad, and a host of that release accepts them. Null if it can. The input may have any form.
 */
export function newerInput({ stored, unknownTypes }: Catalogue, input: unknown): string | null {
  const { events } = (input ?? {}) as { events?: unknown };
  if (!Array.isArray(events)) return null;
  for (const event of events as unknown[]) {
    const { type, meta } = (event ?? {}) as { type?: unknown; meta?: unknown };
    const { schemaVersion } = (meta ?? {}) as { schemaVersion?: unknown };
    if (typeof type !== "string" || !isSchemaVersion(schemaVersion)) continue;
    const known = stored.get(type)?.schemaVersion ?? (unknownTypes === "accept" ? Infinity : 0);
    if (schemaVersion > known) return `needs a release that knows ${type} version ${schemaVersion}`;
  }
  return null;
}

/** A stored event that only a newer release can read. 503, retryable: a node of that release may serve the same call. */
export class NewerEventError extends Errors.MoleculerRetryableError {
  override name = "NewerEventError";

  constructor(event: NewerEvent) {
    super(neededRelease(event), 503, "NEWER_EVENT", event);
  }
}

/** @throws NewerEventError also for an unknown type, if the catalogue refuses those */
export function assertKnown(catalogue: Catalogue, event: RecordedEvent): RecordedEvent {
  const newer = newerThan(catalogue, event);
  if (newer) throw new NewerEventError(newer);
  return event;
}

/** Compared by type, since the error may come from another node. */
export const isNewerEvent = (error: unknown): error is Error =>
  (error as { type?: unknown } | null)?.type === "NEWER_EVENT";

/** The event that an error, also of another node, says only a newer release can read; null for any other error. */
export function newerEventOf(error: unknown): NewerEvent | null {
  const { type, data } = (error ?? {}) as { type?: unknown; data?: NewerEvent & { newer?: NewerEvent } };
  if (isNewerEvent(error)) return data ?? null;
  return (type === "NOT_CAUGHT_UP" && data?.newer) || null;
}

/** Whether a consumer has parked an event because its release was too old; earlier builds named it UPCAST_FAILED. */
export const isParkedAsNewer = (error: { type?: unknown; message?: unknown } | null): boolean =>
  isNewerEvent(error) ||
  (error?.type === "UPCAST_FAILED" && /the catalogue knows version \d+, not yet this one/.test(String(error.message)));
