/** Errors of a broker or a store that mean "not now": the same call may succeed later without a change of the event. */
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
 * Whether an error is caused by the environment, not by the event: then a consumer waits and parks nothing. Compared by
 * fields, since an error from another node is not an instance of our classes.
 */
export function isOutage(error: unknown): boolean {
  if (error === null || typeof error !== "object") return false;
  try {
    const { retryable, type } = error as { retryable?: unknown; type?: unknown };
    return retryable === true || (typeof type === "string" && outageTypes.has(type));
  } catch {
    // A value that throws when it is read: no retry would change that.
    return false;
  }
}

/** Errors that say that a service or a store is not there at all: no event has this of its own. */
const absenceTypes = new Set(["SERVICE_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "STORE_UNAVAILABLE", "UNUSABLE_STORE"]);

/** Whether an outage's error leaves no doubt that it is one. A time-out or another retryable error may be the event's own. */
export const isCertainOutage = (error: unknown): boolean =>
  isOutage(error) && absenceTypes.has(String((error as { type?: unknown }).type));

/**
 * Whether a retry may succeed without any change. Compared by field, since the error may come from another copy of its
 * class.
 */
export const isRetryable = (error: unknown): boolean => (error as { retryable?: unknown } | null)?.retryable === true;

/** Whether the disk is full, by the codes of the operating system and of SQLite. */
export const isDiskFull = (error: unknown): boolean => isOf(error, /^(ENOSPC|SQLITE_FULL)$/);

/** Whether a host's name cannot be resolved, by the codes of the system's resolver. */
export const isUnknownHost = (error: unknown): boolean => isOf(error, /^(ENOTFOUND|EAI_AGAIN)$/);

export const unknownHost = "no host has this name: correct it, or check the name service";

/**
 * Whether a server's certificate is not trusted or not valid for its host, by the codes of Node.js and OpenSSL. One
 * that is not valid yet may be valid in a moment: a machine that has just started may have a wrong clock.
 */
export const isUntrusted = (error: unknown): boolean =>
  isOf(
    error,
    /^(UNABLE_TO_(GET_ISSUER|VERIFY)_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_(?!NOT_YET_VALID)\w+|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)$/,
  );

/** @param option the driver's option that names the certificate authority */
export const untrusted = (option: string): string =>
  `the server's certificate is not trusted: name the file of its authority with ${option}, or the host that it is for`;

/** Whether a file that a driver needs, such as a certificate, cannot be read, by the codes of the operating system. */
export const isUnreadable = (error: unknown): boolean => isOf(error, /^(ENOENT|EACCES|EPERM|EISDIR)$/, "open");

export const unreadable = "a file that it names cannot be read: correct its path or its permissions";

/** Whether the error or one of its causes has such a code and, if `call` is given, comes from that system call. */
function isOf(error: unknown, codes: RegExp, call?: string): boolean {
  const seen = new Set<unknown>([undefined, null]);
  for (let one = error; !seen.has(one); one = (one as { cause?: unknown }).cause) {
    seen.add(one);
    const { code, syscall } = one as { code?: unknown; syscall?: unknown };
    if (typeof code === "string" && codes.test(code) && (call === undefined || call === syscall)) return true;
  }
  return false;
}
