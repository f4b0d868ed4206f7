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

/**
 * Whether a server's certificate is none for its host, or of nobody known, by the codes of Node.js and OpenSSL. One that
 * is not valid yet may be so in a moment: a machine that has just started does not know the time.
 */
export const isUntrusted = (error: unknown): boolean =>
  isOf(
    error,
    /^(UNABLE_TO_(GET_ISSUER|VERIFY)_\w+|DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|CERT_(?!NOT_YET_VALID)\w+|INVALID_CA|HOSTNAME_MISMATCH|ERR_TLS_CERT_ALTNAME_INVALID)$/,
  );

/** @param option by which the driver is told whom to trust */
export const untrusted = (option: string): string =>
  `the server's certificate is not trusted: name the file of its authority with ${option}, or the host that it is for`;

/** Whether a file that a driver was told of, of a certificate say, cannot be read, by the codes of the operating system. */
export const isUnreadable = (error: unknown): boolean => isOf(error, /^(ENOENT|EACCES|EPERM|EISDIR)$/, "open");

export const unreadable = "a file that it names cannot be read: correct its path, or its rights";

/** Whether it, or what caused it, has such a code; by such a call of the operating system, where one is named. */
function isOf(error: unknown, codes: RegExp, call?: string): boolean {
  const seen = new Set<unknown>([undefined, null]);
  for (let one = error; !seen.has(one); one = (one as { cause?: unknown }).cause) {
    seen.add(one);
    const { code, syscall } = one as { code?: unknown; syscall?: unknown };
    if (typeof code === "string" && codes.test(code) && (call === undefined || call === syscall)) return true;
  }
  return false;
}
