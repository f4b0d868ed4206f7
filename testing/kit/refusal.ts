import assert from "node:assert/strict";
import { same } from "./same.ts";

/** An error with Moleculer's wire fields. */
export type Refusal = Error & { code?: unknown; type?: unknown; data?: unknown; retryable?: unknown };

/** The error that a call throws or rejects with; fails if it succeeds. */
export async function refusal(call: () => unknown): Promise<Refusal> {
  try {
    await call();
  } catch (error) {
    return error as Refusal;
  }
  return assert.fail("the call was not refused");
}

/** Compared by `type`, since an engine may use another copy of the error classes. */
export async function refusedAs(type: string, call: () => unknown): Promise<Refusal> {
  const error = await refusal(call);
  assert.equal(error.type, type, `expected ${type}, found: ${String(error)}`);
  return error;
}

/** Checks that a call is refused like every call on a closed port. */
export async function refusedAsClosed(call: () => unknown): Promise<void> {
  const { code, retryable } = await refusedAs("STORE_UNAVAILABLE", call);
  same({ code, retryable }, { code: 503, retryable: true });
}
