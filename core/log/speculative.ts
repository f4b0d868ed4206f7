import { hash } from "node:crypto";
import { Errors } from "moleculer";
import { show, type Problem } from "../errors/problem.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** What an append says that is sent before the one that it was decided on is answered. */
export interface Speculation {
  /** Names this append for the next one. */
  id: string;
  /** The append whose events it was decided on; null: it was decided on events that are stored. */
  dependsOn: string | null;
  /** `contentOf` its events as the sender takes them to be stored: the next one is decided on them. */
  content: string;
}

/**
 * An append was decided on what another one was to store, which it did not. 409, and nothing was stored; `data` is
 * `{stream, why}`. A decider decides again and lets nobody see it. `why`: the other one was "refused"; it was stored
 * "altered", by the catalogue or on its way; or it is "unknown" here.
 */
export class SpeculationFailedError extends Errors.MoleculerClientError {
  override name = "SentAheadError";

  constructor(stream: string, why: "refused" | "altered" | "unknown") {
    super(`stream ${show(stream)}: the append that this one was decided on is ${why}`, 409, "SENT_AHEAD", {
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
    : { field: "speculation", found, expected: "what a decider says: {id, dependsOn, content}" };
}

/** The same for events that no `evolve` can tell apart by type and payload. Neither has a line break of its own. */
export const contentOf = (events: readonly { type: string; payloadText: string }[]): string =>
  hash("sha256", events.map(({ type, payloadText }) => `${type}\n${payloadText}`).join("\n"), "base64");

/**
 * An event that is not stored yet, as it will be. Only the commit knows its id, position, time and meta, so a look at
 * one of these is told: what comes of it counts for nothing.
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
  // Here, as to freeze it all the way down would be to look at it.
  return Object.freeze(event) as RecordedEvent;
}
