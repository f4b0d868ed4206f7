import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { StoreUnavailableError, UnusableStoreError } from "./errors.ts";

/** Errors of the operating system that pass by themselves or need action on the machine only. */
const passing: Readonly<Record<string, string>> = {
  EMFILE: "too many open files (EMFILE): raise the process's limit (ulimit -n), or open fewer",
  ENFILE: "too many open files on this machine (ENFILE)",
  ENOMEM: "the machine is out of memory (ENOMEM)",
  EAGAIN: "the system is short of resources (EAGAIN)",
  EBUSY: "the file is in use (EBUSY)",
  ENOSPC: "the disk is full",
  EDQUOT: "the disk is full (EDQUOT)",
  EIO: "the disk failed (EIO)",
  ESTALE: "the disk failed (ESTALE)",
};

/** Errors of a path, or of the file at it, that need correction. */
const wrongPath = new Set([
  "EACCES",
  "EEXIST",
  "EISDIR",
  "ELOOP",
  "ENAMETOOLONG",
  "ENOENT",
  "ENOTDIR",
  "EPERM",
  "EROFS",
  "ENXIO",
  "ENODEV",
  "EFBIG",
  "EINVAL",
  // Codes of Node's permission model.
  "ERR_ACCESS_DENIED",
  "ERR_INVALID_ARG_VALUE",
]);

/**
 * The code of an error of the operating system. A thread that could not start, and a driver that could not load its
 * library, have the code only in their message.
 */
export function systemCodeOf(error: unknown): string | undefined {
  const { code, message, type } = (error ?? {}) as { code?: unknown; message?: unknown; type?: unknown };
  // Translated already.
  if (typeof type === "string") return undefined;
  if (typeof code === "string" && (code in passing || wrongPath.has(code))) return code;
  const named = typeof message === "string" ? /\b(EMFILE|ENFILE|ENOMEM)\b/.exec(message)?.[1] : undefined;
  return named ?? (/Too many open files/i.test(String(message)) ? "EMFILE" : undefined);
}

export const isWrongPath = (code: string | undefined): code is string => code !== undefined && wrongPath.has(code);

/** Translates an error that passes by itself; null for any other. `consequence` says what happened to the work. */
export function asPassing(location: string, error: unknown, consequence: string): StoreUnavailableError | null {
  const why = passing[systemCodeOf(error) ?? ""];
  return why === undefined ? null : new StoreUnavailableError(location, `${why}; ${consequence}`, error);
}

/** Node's flags that allow what its permission model denies, by the name of the permission. */
const flags: Readonly<Record<string, string>> = { WorkerThreads: "--allow-worker", Addons: "--allow-addons" };

/**
 * Translates a denial of threads or native addons by Node's permission model, which is not a wrong path. Null for any
 * other error.
 */
export function asDenied(location: string, error: unknown): UnusableStoreError | null {
  const { code, permission } = (error ?? {}) as { code?: unknown; permission?: unknown };
  const denied = code === "ERR_DLOPEN_DISABLED" ? "Addons" : code === "ERR_ACCESS_DENIED" ? permission : undefined;
  const flag = typeof denied === "string" ? flags[denied] : undefined;
  if (flag === undefined) return null;
  return new UnusableStoreError(
    location,
    `Node's permission model denies ${String(denied)}: start the process with ${flag} (docs/operating.md)`,
    error,
  );
}

/** Translates a system's error about one of our files; returns any other error as it is. */
export function asStoreError(location: string, error: unknown, what: string): unknown {
  const known = asDenied(location, error) ?? asPassing(location, error, "nothing was stored");
  if (known) return known;
  const code = systemCodeOf(error);
  return isWrongPath(code) ? new UnusableStoreError(location, `${what} (${code})`, error) : error;
}

/**
 * An engine that needs several files closes the ones it has opened before it reports that the next cannot be opened.
 */
const filesAtOnce = 8;

/**
 * The system's error if this process can open only a few more files now: an engine may not report the reason itself.
 */
export function openFilesProblem(): unknown {
  const open: number[] = [];
  try {
    while (open.length < filesAtOnce) open.push(openSync(devNull, "r"));
    return null;
  } catch (error) {
    return error;
  } finally {
    for (const file of open) closeSync(file);
  }
}
