import type { AppendRequest } from "./append-request.ts";
import { isDamagedEvent } from "../event/damaged-event.ts";
import { SpeculationFailedError } from "./speculative.ts";
import type { AppendVerdict } from "./event-log.ts";

/**
 * The verdicts of one commit: each request is decided after those before it, one that `continues` another falls with it,
 * and one that `follows` another is refused where that one is not stored by this commit.
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

/** An event that is damaged where it is stored fails the append that repeats it, and no other of the commit. */
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
