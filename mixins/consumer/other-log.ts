import type { Progress } from "../../core/table/read-table.ts";
import type { ConsumerPage } from "./consumer-page.ts";

/**
 * Why the log is not the one of the consumer's checkpoint; null if it is. Positions of one log are meaningless in
 * another: continuing would skip events without notice.
 */
export function otherLog(
  { position, positionId, log }: Pick<Progress, "position" | "positionId" | "log">,
  page: Pick<ConsumerPage, "log" | "head" | "afterId">,
): string | null {
  if (log !== null && log !== page.log)
    return `the checkpoint is one of another log (found ${page.log}, expected ${log}); bring that one back`;
  if (page.head < position)
    return `the log ends at position ${page.head}, before the checkpoint ${position}: events are missing; restore the log`;
  if (page.afterId !== positionId)
    return `the log has event ${page.afterId} at position ${position}, not ${positionId} as when the checkpoint was saved: it was set back and has grown again; restore the log`;
  return null;
}
