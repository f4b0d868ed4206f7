import type { AppendRequest } from "./append-request.ts";
import { isDamagedEvent } from "../event/damaged-event.ts";
import { SpeculationFailedError } from "./speculative.ts";
import type { AppendVerdict } from "./event-log.ts";

/**
 * The verdicts of one commit, decided in order. A request that `continues` the one before it gets that one's error, and
 * a request is refused if the one it depends on is not stored by this commit.
 */
export function decideInOrder(
  requests: readonly AppendRequest[],
  decide: (request: AppendRequest) => AppendVerdict,
): AppendVerdict[] {
  const verdicts: AppendVerdict[] = [];
  const stored = new Set<AppendRequest>();
  for (const request of requests) {
    const { continues, dependsOn, stream } = request;
    const before = verdicts.at(-1);
    let verdict: AppendVerdict;
    if (continues && before && "error" in before) verdict = before;
    else if (dependsOn && !stored.has(dependsOn)) verdict = { error: new SpeculationFailedError(stream, "refused") };
    else
      try {
        verdict = decide(request);
      } catch (error) {
        // A damaged stored event fails only the append that repeats it, not the whole commit.
        if (!isDamagedEvent(error)) throw error;
        verdict = { error: error as Error };
      }
    if ("events" in verdict && !verdict.repeated) stored.add(request);
    verdicts.push(verdict);
  }
  return verdicts;
}
