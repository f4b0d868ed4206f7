import type { MongoError } from "mongodb";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import {
  isUnknownHost,
  isUnreadable,
  isUntrusted,
  unknownHost,
  unreadable,
  untrusted,
} from "../../core/errors/outage.ts";

/** https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const duplicateKey = 11000;
const outOfDiskSpace = 14031;
const refusedCodes = new Set<unknown>([13, 18, 8000]);

/** What the driver finds in a URL or in options, before it looks for a server. */
const optionErrors = new Set(["MongoParseError", "MongoInvalidArgumentError", "MongoAPIError"]);

export const isTaken = (error: unknown): boolean => (error as MongoError | null)?.code === duplicateKey;

/** The one place where the driver's errors become ours; the driver's stays as `cause`. By name: it may be another copy of the class. */
export function translate(location: string, error: unknown): unknown {
  const { name = "", message } = (error ?? {}) as Partial<MongoError>;
  const code: unknown = (error as { code?: unknown } | null)?.code;
  // The driver lets some errors of its sockets through.
  const isOfSocket = typeof code === "string" && /^E[A-Z]+$/.test(code);
  const unavailable = (why: string) => new StoreUnavailableError(location, why, error);
  const unusable = (why: string) => new UnusableStoreError(location, why, error);
  if (!name.startsWith("Mongo") && !isOfSocket) return error;
  if (refusedCodes.has(code))
    return unusable(`the server refuses the user or his password, or what he may do (${message})`);
  if (isTooOld(error)) return unusable(`the server is of a version that the driver does not speak with: ${message}`);
  if (isUntrusted(error)) return unusable(`${untrusted("tlsCAFile")} (${message})`);
  if (isUnreadable(error)) return unusable(`${unreadable} (${message})`);
  if (isUnknownHost(error)) return unavailable(`${unknownHost} (${message})`);
  if (optionErrors.has(name)) return unusable(`the driver refuses it: ${message}`);
  if (code === outOfDiskSpace) return unavailable("the server's disk is full; nothing was stored");
  return unavailable(`no answer of the server (${message})`);
}

/** The driver finds it while it looks for a server, and then says only that it has found none. */
const isTooOld = (error: unknown): boolean => {
  const { name, cause } = error as { name?: unknown; cause?: unknown };
  return name === "MongoCompatibilityError" || (cause instanceof Object && cause !== error && isTooOld(cause));
};
