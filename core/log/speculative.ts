import { hash } from "node:crypto";
import { Errors } from "moleculer";
import { show, type Problem } from "../errors/problem.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** Describes an append that is sent before the one that it depends on is committed. */
export interface Speculation {
  /** Identifies this append for the next one. */
  id: string;
  /** The append on whose events it was decided; null: on stored events. */
  dependsOn: string | null;
  /** `contentOf` its events as the sender expects them to be stored: the next append is decided on them. */
  content: string;
}

/**
 * An append was decided on another append that was not stored as expected. 409, and nothing was stored; `data` is
 * `{stream, why}`. A decider decides again, so callers never see it. `why`: the other append was "refused"; it was
 * stored "altered", by the catalogue or in transit; or it is "unknown" here.
 */
export class SpeculationFailedError extends Errors.MoleculerClientError {
  override name = "SpeculationFailedError";

  constructor(stream: string, why: "refused" | "altered" | "unknown") {
    super(`stream ${show(stream)}: the append that this one was decided on is ${why}`, 409, "SPECULATION_FAILED", {
      stream,
      why,
    });
  }
}

const isText = (found: unknown) => typeof found === "string" && found.length <= 100;

export function speculationProblem(found: unknown): Problem | null {
  const { id, dependsOn, content } = (found ?? {}) as Partial<Record<keyof Speculation, unknown>>;
  const isSpeculation = isText(id) && (dependsOn === null || isText(dependsOn)) && isText(content);
  return isSpeculation
    ? null
    : { field: "speculation", found, expected: "a decider's speculation: {id, dependsOn, content}" };
}

/**
 * A hash of types and payloads: equal if no `evolve` can distinguish the events by them. Neither contains a line break.
 */
export const contentOf = (events: readonly { type: string; payloadText: string }[]): string =>
  hash("sha256", events.map(({ type, payloadText }) => `${type}\n${payloadText}`).join("\n"), "base64");

/**
 * An event that is not stored yet. Only the commit determines its id, position, time and meta: reading one of these
 * calls `looked`, and the speculation is discarded.
 */
export function speculativeEvent(
  { type, payload }: { type: string; payload: unknown },
  stream: string,
  version: number,
  looked: () => void,
): RecordedEvent {
  const known = (value: unknown) => ({ enumerable: true, value });
  const unknown = { enumerable: true, get: looked };
  const event: object = Object.defineProperties(
    {},
    {
      id: unknown,
      type: known(type),
      stream: known(stream),
      version: known(version),
      position: unknown,
      time: unknown,
      payload: known(payload),
      meta: unknown,
    },
  );
  // Frozen here, since freezing it deeply would read the unknown fields.
  return Object.freeze(event) as RecordedEvent;
}
