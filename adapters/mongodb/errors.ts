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

/** MongoDB's error codes: https://github.com/mongodb/mongo/blob/master/src/mongo/base/error_codes.yml */
const duplicateKey = 11000;
const outOfDiskSpace = 14031;
const refusedCodes = new Set<unknown>([13, 18, 8000]);

/** Errors of the driver about the URL or the options, thrown before it connects. */
const optionErrors = new Set(["MongoParseError", "MongoInvalidArgumentError", "MongoAPIError"]);

export const isTaken = (error: unknown): boolean => (error as MongoError | null)?.code === duplicateKey;

/**
 * Translates the driver's errors, and keeps them as `cause`. Compares names instead of classes, because the error may
 * come from another copy of the driver.
 */
export function translate(location: string, error: unknown): unknown {
  const { name = "", message } = (error ?? {}) as Partial<MongoError>;
  const code: unknown = (error as { code?: unknown } | null)?.code;
  // The driver passes on some errors of its sockets unchanged.
  const isOfSocket = typeof code === "string" && /^E[A-Z]+$/.test(code);
  const unavailable = (why: string) => new StoreUnavailableError(location, why, error);
  const unusable = (why: string) => new UnusableStoreError(location, why, error);
  if (!name.startsWith("Mongo") && !isOfSocket) return error;
  if (refusedCodes.has(code)) return unusable(`the server refuses the user, the password or a permission (${message})`);
  if (isTooOld(error)) return unusable(`the driver does not support the server's version: ${message}`);
  if (isUntrusted(error)) return unusable(`${untrusted("tlsCAFile")} (${message})`);
  if (isUnreadable(error)) return unusable(`${unreadable} (${message})`);
  if (isUnknownHost(error)) return unavailable(`${unknownHost} (${message})`);
  if (optionErrors.has(name)) return unusable(`the driver rejects the URL or an option: ${message}`);
  if (code === outOfDiskSpace) return unavailable("the server's disk is full; nothing was stored");
  return unavailable(`the server does not respond (${message})`);
}

/** The driver wraps this error in another, whose message says only that no server was found. */
const isTooOld = (error: unknown): boolean => {
  const { name, cause } = error as { name?: unknown; cause?: unknown };
  return name === "MongoCompatibilityError" || (cause instanceof Object && cause !== error && isTooOld(cause));
};
