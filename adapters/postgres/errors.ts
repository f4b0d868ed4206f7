/** Translates the errors of PostgreSQL and its driver into those of the library. */
import { described } from "../../core/errors/problem.ts";
import { InvalidQueryError, StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import {
  isUnknownHost,
  isUnreadable,
  isUntrusted,
  unknownHost,
  unreadable,
  untrusted,
} from "../../core/errors/outage.ts";

/** PostgreSQL's error codes have five characters (its manual, appendix A). Codes of network errors are words. */
export const sqlStateOf = (error: unknown): string | undefined => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^[0-9A-Z]{5}$/.test(code) ? code : undefined;
};

/** The unique key already exists. */
export const isTaken = (error: unknown): boolean => sqlStateOf(error) === "23505";

/** Another host committed first, so the decision is outdated and must be made again. */
export const isRace = (error: unknown): boolean => ["23505", "40001", "40P01"].includes(sqlStateOf(error) ?? "");

/** Only the statement failed. The connection can still be used. */
export const isOfStatement = (error: unknown): boolean => {
  const code = sqlStateOf(error);
  return code !== undefined && !/^(08|57P|XX|25P03)/.test(code);
};

const unusable: Readonly<Record<string, string>> = {
  "28P01": "the server rejected the user's password; in a URL, encode its @ : / ? # % as encodeURIComponent does",
  "28000": "the server rejected the user",
  "3D000": "the database does not exist: create it (createdb), or correct its name",
  "3F000": "the schema does not exist",
  42501: "the user lacks a permission for this",
  "0A000": "the server does not support this",
  23505: "the stored data is inconsistent: restore it from a backup",
  XX001: "the database is damaged: restore it from a backup",
  XX002: "the database is damaged: restore it from a backup",
};

/** Errors that the driver throws before the server has responded. They have no code. */
const unusableBefore: readonly [message: RegExp, why: string][] = [
  [/does not support SSL/, "the server does not support TLS: enable it there, or set sslmode=disable"],
  [/client password must be/, "found no password, but the server requires one: use postgres://user:password@…"],
];

function whyUnusableBefore(error: Error): string | undefined {
  if (isUntrusted(error)) return untrusted("sslrootcert");
  return isUnreadable(error) ? unreadable : unusableBefore.find(([text]) => text.test(error.message))?.[1];
}

/** Temporary errors, or errors that end when an operator repairs the server. */
const unavailable: readonly [codes: RegExp, why: string][] = [
  [/^08(?!P01)/, "the connection failed"],
  [/^53100$/, "the server's disk is full"],
  [/^53300$/, "the server has too many connections"],
  [/^53/, "the server is short of resources"],
  [/^57014$/, "the statement took too long"],
  [/^57P/, "the server is starting, stopping, or has ended the connection"],
  [/^58/, "the server's operating system reported an error"],
  [/^25006$/, "the server is read-only, as a standby is"],
  [/^25P03$/, "the server ended an idle transaction"],
  [/^(40001|40P01|55P03)$/, "another transaction holds a lock or has changed the same rows"],
  [/^XX/, "the server failed"],
];

/** Messages of the driver and codes of the system that concern a connection. */
const connectionFailures = /^E[A-Z_]+$|\b(terminated|timeout|not queryable|Cannot use a pool|was closed|SSL)\b/i;

/** True for errors of the driver and the system. Compares the name, since the error may come from another realm. */
const isPlain = (error: unknown): error is Error & { code?: unknown } =>
  /^(Error|error|AggregateError|DatabaseError)$/.test(String((error as { name?: unknown } | null)?.name));

/** PgBouncer uses this code for every failed connection, the server for malformed messages. */
const isOfProxy = (error: unknown): boolean =>
  sqlStateOf(error) === "08P01" && (error as { severity?: unknown }).severity === "FATAL";

/** The connection failed. The outcome of the statement is unknown. */
export function isOfConnection(error: unknown): boolean {
  const code = sqlStateOf(error);
  if (code !== undefined) return /^(08(?!P01)|57P|25P03)/.test(code) || isOfProxy(error);
  if (!isPlain(error) || whyUnusableBefore(error)) return false;
  return connectionFailures.test(typeof error.code === "string" ? error.code : error.message);
}

/** The connection had failed before the statement reached the server. */
export const wasEndedBefore = (error: unknown): boolean =>
  sqlStateOf(error) === "25P03" || (isPlain(error) && error.message.includes("not queryable"));

/** No such table, column or function. */
const isMissing = (error: unknown): boolean => ["42P01", "42703", "42883"].includes(sqlStateOf(error) ?? "");

/** Like `translate`, for a log: the tables of a log are never dropped, unlike those of a replaced generation. */
export function translateOfLog(location: string, error: unknown): unknown {
  if (!isMissing(error)) return translate(location, error);
  const { message } = error as Error;
  const why = "a table, column or function of the schema is missing: restore it from a backup";
  return new UnusableStoreError(location, `${why} (${message})`, error);
}

/** Translates the driver's error and keeps it as `cause`. Returns any other error unchanged. */
export function translate(location: string, error: unknown): unknown {
  if (!isPlain(error)) return error;
  const { message, code: network } = error;
  const code = sqlStateOf(error);
  if (code === undefined) {
    const unusableWhy = whyUnusableBefore(error);
    if (unusableWhy) return new UnusableStoreError(location, `${unusableWhy} (${message})`, error);
    if (!isOfConnection(error)) return error;
    const why = isUnknownHost(error) ? unknownHost : "the server does not respond";
    return new StoreUnavailableError(location, `${why} (${typeof network === "string" ? network : message})`, error);
  }
  const unusableWhy = unusable[code];
  if (unusableWhy !== undefined) return new UnusableStoreError(location, `${unusableWhy} (${message})`, error);
  if (code === "54001")
    return new InvalidQueryError({
      field: "query",
      found: described(message),
      expected: "fewer conditions, less nested",
    });
  if (isOfProxy(error))
    return new StoreUnavailableError(location, `the proxy has ended the connection (${message})`, error);
  const temporary = unavailable.find(([codes]) => codes.test(code));
  return temporary ? new StoreUnavailableError(location, `${temporary[1]} (${message})`, error) : error;
}
