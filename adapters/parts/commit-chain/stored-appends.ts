import type { AppendRequest } from "../../../core/log/append-request.ts";
import type { AppendVerdict } from "../../../core/log/event-log.ts";
import type { StoredAppend } from "./record.ts";

/** The appends that the verdicts accept as new, in the form of a commit. */
export function storedAppends(requests: readonly AppendRequest[], verdicts: readonly AppendVerdict[]): StoredAppend[] {
  return requests.flatMap(({ stream, events, claims }, place) => {
    const verdict = verdicts[place]!;
    if ("error" in verdict || verdict.repeated) return [];
    const stored = events.map(({ payloadText, metaText }, index) => {
      const { id, type, time } = verdict.events[index]!;
      return { id, type, time, payloadText, metaText };
    });
    return [{ stream, version: verdict.events[0]!.version, events: stored, ...(claims && { claims }) }];
  });
}
