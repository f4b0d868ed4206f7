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
export const isDiskFull = (error: unknown): boolean => isOf(error, /^(ENOSPC|SQLITE_FULL)$/);

/** Whether nobody knows the name of the host, by the codes of the system's resolver. */
export const isUnknownHost = (error: unknown): boolean => isOf(error, /^(ENOTFOUND|EAI_AGAIN)$/);

export const unknownHost = "no host of this name is known: correct it, or look at the name service";

/** Whether a server's certificate is none for its host, or of nobody known, by the codes of Node.js and OpenSSL. */
export const isUntrusted = (error: unknown): boolean => isOf(error, /CERT|_SIGNATURE$|^UNABLE_TO_|^ERR_TLS/);

/** @param option by which the driver is told whom to trust */
export const untrusted = (option: string): string =>
  `the server's certificate is not trusted: name the file of its authority with ${option}, or the host that it is for`;

/** Whether it, or what caused it, has such a code. */
function isOf(error: unknown, codes: RegExp): boolean {
  const { code, cause } = (error ?? {}) as { code?: unknown; cause?: unknown };
  if (typeof code === "string" && codes.test(code)) return true;
  return cause !== undefined && cause !== error && isOf(cause, codes);
}
