/** Answers of a broker that say "not now": the same call may succeed later without anybody changing the event. */
const outageTypes = new Set([
  "SERVICE_NOT_FOUND",
  "SERVICE_NOT_AVAILABLE",
  "REQUEST_TIMEOUT",
  "REQUEST_SKIPPED",
  "QUEUE_FULL",
  "STORE_UNAVAILABLE",
  "UNUSABLE_STORE",
]);

/**
 * Whether an error speaks of the surroundings and not of the event: then a consumer waits and parks nothing.
 * Compared by fields, since an error that arrives from another node is no instance of our classes.
 */
export function isOutage(error: unknown): boolean {
  if (error === null || typeof error !== "object") return false;
  try {
    const { retryable, type } = error as { retryable?: unknown; type?: unknown };
    return retryable === true || (typeof type === "string" && outageTypes.has(type));
  } catch {
    // Something that throws when it is looked at: whoever waits for it to pass waits for ever.
    return false;
  }
}

/** Whether the same may succeed later without anybody doing anything. Not by its class: it may come with another copy of it. */
export const isRetryable = (error: unknown): boolean => (error as { retryable?: unknown } | null)?.retryable === true;

/** Whether nothing more can be written, by the codes of the operating system and of SQLite. */
export function isDiskFull(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (code === "ENOSPC" || code === "SQLITE_FULL") return true;
  return cause !== undefined && cause !== error && isDiskFull(cause);
}

/** Whether nobody knows the name of the host, by the codes of the system's resolver. */
export function isUnknownHost(error: unknown): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (code === "ENOTFOUND" || code === "EAI_AGAIN") return true;
  return cause !== undefined && cause !== error && isUnknownHost(cause);
}

export const unknownHost = "no host of this name is known: correct it, or look at the name service";
