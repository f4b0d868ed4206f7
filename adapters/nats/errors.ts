import type { NatsError } from "nats";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import { isUnknownHost, isUntrusted, unknownHost, untrusted } from "../../core/errors/outage.ts";

/** JetStream's error codes: https://github.com/nats-io/nats-server/blob/main/server/errors.json */
const wrongLastSequence = 10071;
const noMessage = 10037;
const noStream = 10059;
/**
 * No space left in the account, the server or the stream: insufficient resources, storage, and limits of the account.
 */
const fullCodes = new Set([10002, 10023, 10028, 10047, 10077]);
const noCluster = 10074;
const accountWithoutJetStream = new Set([10035, 10039, 10076]);

const codeOf = (error: unknown) => (error as NatsError | null)?.api_error?.err_code;

export const isOvertaken = (error: unknown): boolean => codeOf(error) === wrongLastSequence;
export const isNoMessage = (error: unknown): boolean => codeOf(error) === noMessage;
export const isNoStream = (error: unknown): boolean => codeOf(error) === noStream;

/**
 * Translates the driver's errors, and keeps them as `cause`. Compares fields instead of classes, because the error may
 * come from another copy of the driver.
 *
 * @param isGone the driver has lost its connection
 */
export function translate(location: string, error: unknown, isGone: boolean): unknown {
  const { code, message } = (error ?? {}) as Partial<NatsError>;
  const apiCode = codeOf(error);
  const description = (error as NatsError | null)?.api_error?.description || message;
  const unavailable = (why: string) => new StoreUnavailableError(location, why, error);
  const unusable = (why: string) => new UnusableStoreError(location, why, error);
  if (apiCode !== undefined) {
    if (fullCodes.has(apiCode)) return unavailable(`JetStream has no room left (${description}); nothing was stored`);
    if (accountWithoutJetStream.has(apiCode)) return unusable(jetStreamIsOff);
    if (apiCode === noCluster)
      return unusable(`the server is not part of a cluster (${description}): start it in a cluster, or set replicas=1`);
    if (isNoStream(error))
      return unusable("its stream was deleted: stop every host, and restore it; the error of the next start says how");
    return unavailable(`JetStream refused the request: ${description} (${apiCode})`);
  }
  if (isUnknownHost(error)) return unavailable(`${unknownHost} (${code})`);
  if (isUntrusted(error)) return unusable(`${untrusted("driver: { tls: { caFile } }")} (${message})`);
  switch (code) {
    case "AUTHORIZATION_VIOLATION":
    case "BAD_AUTHENTICATION":
    case "BAD_CREDS":
    case "ACCOUNT_EXPIRED":
    case "AUTHENTICATION_EXPIRED":
    case "PERMISSIONS_VIOLATION":
      return unusable(`the server refuses the user, the password or a permission (${message})`);
    case "TLS":
      return unusable(`the driver cannot use its TLS options: ${message}`);
    case "CONNECTION_REFUSED":
    case "CONNECTION_TIMEOUT":
    case "CONNECTION_CLOSED":
    case "CONNECTION_DRAINING":
    case "DISCONNECT":
    case "503":
    case "ECONNRESET":
      return unavailable(`no server responds (${code})`);
    case "TIMEOUT":
      if (isGone) return unavailable(`no server responds: the connection is gone (${code})`);
      // Some servers do not respond at all if their disk is full.
      return unavailable(`no server responds (${code}); if it runs, it is overloaded, or its disk is full`);
    default:
      return typeof code === "string" ? unavailable(`nats failed: ${message} (${code})`) : error;
  }
}

export const jetStreamIsOff =
  "JetStream is off: start nats-server with -js, or with a jetstream block in its configuration";
