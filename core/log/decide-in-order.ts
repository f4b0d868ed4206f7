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
    const before = verdicts.at(-1);
    const verdict = refusalOf(request, before, stored) ?? decideOne(request, decide);
    if ("events" in verdict && !verdict.repeated) stored.add(request);
    verdicts.push(verdict);
  }
  return verdicts;
}

/** A damaged stored event fails only the append that repeats it, not the whole commit. */
function decideOne(request: AppendRequest, decide: (request: AppendRequest) => AppendVerdict): AppendVerdict {
  try {
    return decide(request);
  } catch (error) {
    if (isDamagedEvent(error)) return { error: error as Error };
    throw error;
  }
}

function refusalOf(
  { continues, dependsOn, stream }: AppendRequest,
  before: AppendVerdict | undefined,
  stored: ReadonlySet<AppendRequest>,
): AppendVerdict | null {
  if (continues && before && "error" in before) return before;
  return dependsOn && !stored.has(dependsOn) ? { error: new SpeculationFailedError(stream, "refused") } : null;
}
