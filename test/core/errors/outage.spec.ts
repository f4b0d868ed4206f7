import { Errors } from "moleculer";
import {
  InvalidRowError,
  StoreUnavailableError,
  UnusableStoreError,
  VersionConflictError,
} from "../../../core/errors/errors.ts";
import { isOutage, isUntrusted } from "../../../core/errors/outage.ts";

describe("A certificate that is not trusted", () => {
  const because = (code: string) => new Error("no answer", { cause: Object.assign(new Error("tls"), { code }) });

  it.each(["DEPTH_ZERO_SELF_SIGNED_CERT", "UNABLE_TO_VERIFY_LEAF_SIGNATURE", "CERT_HAS_EXPIRED", "HOSTNAME_MISMATCH"])(
    "is one with %s",
    (code) => expect(isUntrusted(because(code))).toBe(true),
  );

  it.each(["ECONNRESET", "EPROTO", "CERT_NOT_YET_VALID", "ERR_SSL_SSLV3_ALERT_BAD_CERTIFICATE"])(
    "is none with %s",
    (code) => expect(isUntrusted(because(code))).toBe(false),
  );

  it("is none with a cause that is its own cause", () => {
    const [one, other] = [because("EPROTO"), because("EPROTO")];
    one.cause = other;
    other.cause = one;
    expect(isUntrusted(one)).toBe(false);
  });
});

describe("An outage", () => {
  it.each([
    ["a service that is not found", new Errors.ServiceNotFoundError({ action: "a.b" })],
    ["a service that is not available", new Errors.ServiceNotAvailableError({ action: "a.b" })],
    ["a request that timed out", new Errors.RequestTimeoutError({ action: "a.b", nodeID: "n" })],
    ["a request that was skipped", new Errors.RequestSkippedError({ action: "a.b", nodeID: "n" })],
    ["a queue that is full", new Errors.QueueIsFullError({ action: "a.b", nodeID: "n", size: 1, limit: 1 })],
    ["a store that is not available", new StoreUnavailableError("a.db", "the disk is full")],
    ["whatever says that it can be tried again", Object.assign(new Error("x"), { retryable: true })],
    ["the bare fields of an error from another node", { type: "STORE_UNAVAILABLE" }],
    ["a store that somebody has to repair", new UnusableStoreError("a.db", "is damaged")],
  ])("is %s", (_, error) => expect(isOutage(error)).toBe(true));

  it.each([
    ["a plain error", new Error("x")],
    ["a programming error", new TypeError("x is not a function")],
    ["a client error", new Errors.MoleculerClientError("x", 400)],
    ["a validation error", new Errors.ValidationError("x")],
    ["a row that does not fit", new InvalidRowError([])],
    ["a conflict", new VersionConflictError("s", 1, 2)],
    ["an unknown type", { type: "SOMETHING_ELSE" }],
    ["retryable as text", { retryable: "true" }],
    ["a thrown text", "STORE_UNAVAILABLE"],
    [
      "what throws when it is looked at",
      {
        get type() {
          throw new Error("do not look");
        },
      },
    ],
    ["null", null],
    ["undefined", undefined],
  ])("is not %s", (_, error) => expect(isOutage(error)).toBe(false));
});
