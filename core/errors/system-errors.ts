import { closeSync, openSync } from "node:fs";
import { devNull } from "node:os";
import { StoreUnavailableError, UnusableStoreError } from "./errors.ts";

/** What passes by itself, or with help for the machine alone, by the codes of the operating system. */
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

/** A path, or what stands there, that has to be corrected. */
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
  // Of Node's permission model.
  "ERR_ACCESS_DENIED",
  "ERR_INVALID_ARG_VALUE",
]);

/**
 * The code of an error of the operating system. A thread that could not start, and a driver that could not load its
 * program, have the system's code in their message alone.
 */
export function systemCodeOf(error: unknown): string | undefined {
  const { code, message, type } = (error ?? {}) as { code?: unknown; message?: unknown; type?: unknown };
  // One that is in our words already.
  if (typeof type === "string") return undefined;
  if (typeof code === "string" && (code in passing || wrongPath.has(code))) return code;
  const named = typeof message === "string" ? /\b(EMFILE|ENFILE|ENOMEM)\b/.exec(message)?.[1] : undefined;
  return named ?? (/Too many open files/i.test(String(message)) ? "EMFILE" : undefined);
}

export const isWrongPath = (code: string | undefined): code is string => code !== undefined && wrongPath.has(code);

/** In our words where it passes; else null. `consequence`: what has become of the work. */
export function asPassing(location: string, error: unknown, consequence: string): StoreUnavailableError | null {
  const why = passing[systemCodeOf(error) ?? ""];
  return why === undefined ? null : new StoreUnavailableError(location, `${why}; ${consequence}`, error);
}

/** What Node's permission model has to allow, by the names that it gives to what it denies. */
const flags: Readonly<Record<string, string>> = { WorkerThreads: "--allow-worker", Addons: "--allow-addons" };

/** In our words if Node's permission model denies threads or native addons: no path is wrong then. Else null. */
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

/** An error of the system about a file of ours, in our words; any other error as it is. */
export function asStoreError(location: string, error: unknown, what: string): unknown {
  const known = asDenied(location, error) ?? asPassing(location, error, "nothing was stored");
  if (known) return known;
  const code = systemCodeOf(error);
  return isWrongPath(code) ? new UnusableStoreError(location, `${what} (${code})`, error) : error;
}

/** An engine that needs several files closes those that it has opened before it says that it cannot open the next. */
const filesAtOnce = 8;

/** The system's error where this process can open no more than a few files at this moment: an engine may keep it to itself. */
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
