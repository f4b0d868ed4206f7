import { UnusableStoreError } from "../errors/errors.ts";
import type { EventLog, OpenOptions } from "./event-log.ts";

/** Stands in the control state of a log for as long as another one is being copied into it. */
export const unfinishedCopy = "copy";

/**
 * Opens a log for a store.
 * @throws UnusableStoreError where it is a copy that was not finished: its consumers would begin in the middle
 */
export async function openWhole(log: EventLog, options: Pick<OpenOptions, "warn" | "onProgress">): Promise<void> {
  await log.open(options);
  if ((await log.control.get(unfinishedCopy)) === null) return;
  await log.close();
  throw new UnusableStoreError(
    log.location,
    "found a copy of another log that is not finished: run `npx moleculer-event-sourcing copy` (or `restore`) again until it says that it is",
  );
}
