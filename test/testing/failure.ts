import type { AssertionError } from "node:assert";
import { refusal } from "../support/broker.ts";

/** What a failing expectation says. */
export async function failure(promise: Promise<void>): Promise<AssertionError & { cause?: unknown }> {
  const error = await refusal(() => promise);
  expect(error.name).toBe("AssertionError");
  return error as unknown as AssertionError;
}
