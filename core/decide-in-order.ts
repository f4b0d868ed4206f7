import type { AppendRequest } from "./append-request.ts";
import type { AppendVerdict } from "./event-log.ts";

/** The verdicts of one commit: each request is decided after those before it, and one that `continues` another falls with it. */
export function decideInOrder(
  requests: readonly AppendRequest[],
  decide: (request: AppendRequest) => AppendVerdict,
): AppendVerdict[] {
  const verdicts: AppendVerdict[] = [];
  for (const request of requests) {
    const before = verdicts.at(-1);
    verdicts.push(request.continues && before && "error" in before ? before : decide(request));
  }
  return verdicts;
}
