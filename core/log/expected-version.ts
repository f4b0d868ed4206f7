import { VersionConflictError } from "../errors/errors.ts";
import type { Problem } from "../errors/problem.ts";

/** The caller's expectation of the stream: its version, that it is new (the same as 0), that it exists, or none. */
export type ExpectedVersion = number | "no-stream" | "stream-exists" | "any";

export function expectedVersionProblem(found: unknown): Problem | null {
  if (found === "any" || found === "no-stream" || found === "stream-exists") return null;
  if (typeof found === "number" && Number.isSafeInteger(found) && found >= 0) return null;
  return {
    field: "expectedVersion",
    found,
    expected: 'a whole number from 0, "no-stream", "stream-exists" or "any"',
  };
}

/** The conflict between the expected and the actual version; null if they agree. */
export function conflictOf(stream: string, expected: ExpectedVersion, actual: number): VersionConflictError | null {
  const agrees =
    expected === "any" ||
    (expected === "stream-exists" ? actual > 0 : expected === "no-stream" ? actual === 0 : expected === actual);
  return agrees ? null : new VersionConflictError(stream, expected, actual);
}
