import assert from "node:assert/strict";
import { same } from "./same.ts";

/** An error with Moleculer's wire fields. */
export type Refusal = Error & { code?: unknown; type?: unknown; data?: unknown; retryable?: unknown };

/** The error that a call ends with, thrown or rejected. */
export async function refusal(call: () => unknown): Promise<Refusal> {
  try {
    await call();
  } catch (error) {
    return error as Refusal;
  }
  return assert.fail("the call was not refused");
}

/** Compared by `type`: an engine may come with another copy of the error classes. */
export async function refusedAs(type: string, call: () => unknown): Promise<Refusal> {
  const error = await refusal(call);
  assert.equal(error.type, type, `expected ${type}, found: ${String(error)}`);
  return error;
}

/** As every call on a port that is not open is refused. */
export async function refusedAsClosed(call: () => unknown): Promise<void> {
  const { code, retryable } = await refusedAs("STORE_UNAVAILABLE", call);
  same({ code, retryable }, { code: 503, retryable: true });
}
