import type { ConsumerMetrics } from "../observability/metrics.ts";
import type { Work } from "./work.ts";

/** On a standby the numbers are unknown: the working node has them. */
export function measure(
  metrics: ConsumerMetrics,
  { state, parkedCount }: Pick<Work, "state" | "parkedCount">,
  isWorking: boolean,
  head: number,
): void {
  metrics.lag(isWorking ? Math.max(head - state.progress.position, 0) : NaN);
  metrics.parked(isWorking ? parkedCount : NaN);
}
