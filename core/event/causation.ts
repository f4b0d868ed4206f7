import { Errors } from "moleculer";
import type { RecordedEvent } from "./recorded-event.ts";

/** One event of a chain of causes. */
export interface Link {
  id: string;
  type: string;
}

/** How many events stand behind this one: an event that a caller's own command has brought about has none. */
export function depthOf({ meta }: { meta: Pick<RecordedEvent["meta"], "causationDepth"> }): number {
  const { causationDepth: depth } = meta;
  return Number.isSafeInteger(depth) && depth! > 0 ? depth! : 0;
}

/** So many events at either end of a chain are named in a message. */
const shown = 5;

/** A command was to be sent for an event with too many events behind it: a circle, likely. 422; `data` is `{expected, actual, chain}`. */
export class CausationTooDeepError extends Errors.MoleculerClientError {
  override name = "CausationTooDeepError";

  /** `chain`: from the first cause that is an event to the event itself. */
  constructor(processManager: string, maxDepth: number, depth: number, chain: readonly Link[]) {
    const types = chain.map(({ type }) => type);
    const left = types.length - 2 * shown;
    const path = left > 0 ? [...types.slice(0, shown), `${left} more`, ...types.slice(-shown)] : types;
    super(
      `${processManager}: found ${depth} events behind this one, expected fewer than ${maxDepth} (maxDepth): ${path.join(" → ")}`,
      422,
      "CAUSATION_TOO_DEEP",
      { expected: maxDepth, actual: depth, chain },
    );
  }
}

/** Compared by type: an error that arrives from another node is no instance of our class. */
export const isTooDeep = (error: unknown): boolean =>
  error !== null && typeof error === "object" && "type" in error && error.type === "CAUSATION_TOO_DEEP";

/** A parked event's error is read by every host of its consumer again and again. */
const maxKeptLinks = 100;
const maxTypeCharacters = 255;

/** The `data` of a chain that is too deep, as it is kept with the parked event: the last 100 links, which show a circle. */
export function keptChain(error: object): { data?: { expected: number; actual: number; chain: Link[] } } {
  if (!isTooDeep(error)) return {};
  const { expected, actual, chain } = ((error as { data?: unknown }).data ?? {}) as Record<string, unknown>;
  if (!Array.isArray(chain) || typeof expected !== "number" || typeof actual !== "number") return {};
  const links = chain.slice(-maxKeptLinks) as Record<keyof Link, unknown>[];
  const kept = links.map(({ id, type }) => ({ id: String(id), type: String(type).slice(0, maxTypeCharacters) }));
  return { data: { expected, actual, chain: kept } };
}
