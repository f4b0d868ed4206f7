import { UnusableStoreError } from "../errors/errors.ts";
import type { EventLog, OpenOptions } from "./event-log.ts";

/** The key of a log's control state that exists while another log is being copied into it. */
export const unfinishedCopy = "copy";

/**
 * Opens a log for a store.
 * @throws UnusableStoreError if the log is an unfinished copy: its consumers would start from a part of the events
 */
export async function openWhole(
  log: EventLog,
  options: Pick<OpenOptions, "warn" | "debug" | "onProgress">,
): Promise<void> {
  await log.open(options);
  if ((await log.control.get(unfinishedCopy)) === null) return;
  await log.close();
  throw new UnusableStoreError(
    log.location,
    "found an unfinished copy of another log: run `npx moleculer-event-sourcing copy` (or `restore`) again until it reports success",
  );
}
