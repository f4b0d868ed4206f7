import { AssertionError, deepStrictEqual } from "node:assert";
import { inspect } from "node:util";

/** An expected error: its class, an equal error, its fields, or its message. A pattern matches a text. */
export type ExpectedError =
  | (abstract new (...args: never[]) => Error)
  | Error
  | RegExp
  | {
      name?: string | RegExp;
      type?: string | RegExp;
      message?: string | RegExp;
      code?: string | number;
      /** Only the fields to compare. */
      data?: unknown;
    };

/** Every runner shows the message; runners with their own differences use the two sides. */
function failure(message: string, sides: { actual?: unknown; expected?: unknown }, cause?: unknown): AssertionError {
  // With one of Node's own operators, the message would contain a difference.
  const error = new AssertionError({ message, operator: "then", ...sides });
  return cause === undefined ? error : Object.assign(error, { cause });
}

/** Fails without a difference: the found value is of another kind than the expected one. */
export function fail(what: string, actual: unknown, expected: unknown): never {
  const message = `${what}\n  found:    ${inWords(actual)}\n  expected: ${inWords(expected)}`;
  throw failure(message, { actual, expected });
}

/** Fails because of an unexpected error. */
export function failBy(what: string, error: unknown): never {
  throw failure(`${what}: ${inWords(error)}`, {}, error);
}

/** Deep strict equality, ignoring the realm of plain objects: some runners give each file its own realm. */
export function expectEqual(what: string, actual: unknown, expected: unknown, cause?: unknown): void {
  const [found, wanted] = [plain(actual), plain(expected)];
  try {
    deepStrictEqual(found, wanted);
  } catch (error) {
    // Removes Node's first line, which repeats the runner's.
    const difference = (error as Error).message.replace(/^Expected values.*\n/, "").replace("+ actual", "+ found");
    throw failure(`${what}\n${difference}`, { actual: found, expected: wanted }, cause);
  }
}

/**
 * Fails if the error is not the expected one. The message describes the error, and the failure's cause is the error.
 */
export function expectError(what: string, error: unknown, expected: ExpectedError): void {
  const message = `${what}: ${inWords(error)}`;
  if (typeof expected === "function" || expected instanceof RegExp) {
    const isExpected = typeof expected === "function" ? error instanceof expected : expected.test(messageOf(error));
    if (!isExpected) throw failure(`${message}\n  expected: ${inWords(expected)}`, { expected }, error);
  } else {
    const wanted = expected instanceof Error ? fieldsOf(expected) : expected;
    expectEqual(message, partOf(error, wanted), wanted, error);
  }
}

/** The found value, reduced to the fields of the expected one. A pattern matches a text. */
export function partOf(found: unknown, expected: unknown): unknown {
  if (expected instanceof RegExp) return typeof found === "string" && expected.test(found) ? expected : found;
  if (found === null || typeof found !== "object" || !isPlain(expected)) return found;
  if (Array.isArray(found)) return found.map((one, index) => partOf(one, (expected as unknown[])[index]));
  const names = Object.keys(expected).filter((name) => name in found);
  return Object.fromEntries(
    names.map((name) => [name, partOf(found[name as keyof typeof found], expected[name as keyof typeof expected])]),
  );
}

/** Copies plain objects and arrays into this realm. */
function plain(value: unknown): unknown {
  if (!isPlain(value)) return value;
  if (Array.isArray(value)) return Array.from(value as unknown[], plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function isPlain(value: unknown): value is object {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // The prototype of plain objects of any realm has no prototype itself.
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** The fields by which two errors are equal: all but the stack. */
const fieldsOf = (error: Error): Record<string, unknown> => ({ ...error, name: error.name, message: error.message });

/** One line, or an error's fields; the stack is in the cause. */
export function inWords(value: unknown): string {
  if (typeof value === "function") return value.name;
  if (!(value instanceof Error)) return inspect(value, { breakLength: Infinity, depth: 4 });
  const { type, code } = value as Error & { type?: unknown; code?: unknown };
  const details = [code, type].filter((detail) => detail !== undefined && detail !== null && detail !== "");
  return `${value.name}: ${value.message}${details.length > 0 ? ` (${details.join(" ")})` : ""}`;
}

/**
 * Implements `then`: checks the result of a scenario. A failure points to the line of the test with the expectation. An
 * object with `then` can be awaited like a promise: a scenario that is awaited without an expectation fails.
 */
export async function expectation<Expected extends readonly unknown[]>(
  expected: Expected,
  check: (...expected: NoInfer<Expected>) => Promise<void>,
): Promise<void> {
  const place = { stack: "" };
  Error.captureStackTrace(place, expectation);
  const [resolve, reject] = expected;
  if (typeof resolve === "function" && typeof reject === "function") return void reject(unfinished());
  try {
    await check(...expected);
  } catch (error) {
    if (error instanceof AssertionError)
      error.stack = place.stack.replace(/^.*/, () => `${error.name} [${error.code}]: ${error.message}`);
    throw error;
  }
}

const unfinished = () =>
  new AssertionError({ message: "a scenario was awaited without an expectation: end it with then(…)" });
