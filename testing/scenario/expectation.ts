import { AssertionError, deepStrictEqual } from "node:assert";
import { inspect } from "node:util";

/** How an error is expected: by its class, its like, its fields, or its message. A pattern stands for what it matches. */
export type ExpectedError =
  | (abstract new (...args: never[]) => Error)
  | Error
  | RegExp
  | {
      name?: string | RegExp;
      type?: string | RegExp;
      message?: string | RegExp;
      code?: string | number;
      /** As much of it as matters. */
      data?: unknown;
    };

/** Any runner shows the message; those that make differences of their own find both sides. */
function failure(message: string, sides: { actual?: unknown; expected?: unknown }, cause?: unknown): AssertionError {
  // An operator of Node's own would have it add a difference to the message.
  const error = new AssertionError({ message, operator: "then", ...sides });
  return cause === undefined ? error : Object.assign(error, { cause });
}

/** Something else was found, not to be compared with what was expected. */
export function fail(what: string, actual: unknown, expected: unknown): never {
  const message = `${what}\n  found:    ${inWords(actual)}\n  expected: ${inWords(expected)}`;
  throw failure(message, { actual, expected });
}

/** There is an error where none was expected. */
export function failBy(what: string, error: unknown): never {
  throw failure(`${what}: ${inWords(error)}`, {}, error);
}

/** Deep and strict equality, but for the realm that plain objects come from: some runners give each file one of its own. */
export function expectEqual(what: string, actual: unknown, expected: unknown, cause?: unknown): void {
  const [found, wanted] = [plain(actual), plain(expected)];
  try {
    deepStrictEqual(found, wanted);
  } catch (error) {
    // Node's own first line says what the runner says anyway.
    const difference = (error as Error).message.replace(/^Expected values.*\n/, "").replace("+ actual", "+ found");
    throw failure(`${what}\n${difference}`, { actual: found, expected: wanted }, cause);
  }
}

/** Fails where the error is not the expected one; what it is stands in the message, and whole in the failure's cause. */
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

/** As much of what was found as the expected says something of; a pattern stands for a text that it matches. */
export function partOf(found: unknown, expected: unknown): unknown {
  if (expected instanceof RegExp) return typeof found === "string" && expected.test(found) ? expected : found;
  if (found === null || typeof found !== "object" || !isPlain(expected)) return found;
  if (Array.isArray(found)) return found.map((one, index) => partOf(one, (expected as unknown[])[index]));
  const names = Object.keys(expected).filter((name) => name in found);
  return Object.fromEntries(
    names.map((name) => [name, partOf(found[name as keyof typeof found], expected[name as keyof typeof expected])]),
  );
}

/** Plain objects and arrays, as those of this realm. */
function plain(value: unknown): unknown {
  if (!isPlain(value)) return value;
  if (Array.isArray(value)) return Array.from(value as unknown[], plain);
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]));
}

function isPlain(value: unknown): value is object {
  if (value === null || typeof value !== "object") return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  // That of any realm's plain objects has none of its own.
  return Array.isArray(value) || prototype === null || Object.getPrototypeOf(prototype) === null;
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error));

/** What one error of a domain has in common with another of the same kind: all but where it was made. */
const fieldsOf = (error: Error): Record<string, unknown> => ({ ...error, name: error.name, message: error.message });

/** In one line, or an error's fields: what a stack would say is at the cause. */
export function inWords(value: unknown): string {
  if (typeof value === "function") return value.name;
  if (!(value instanceof Error)) return inspect(value, { breakLength: Infinity, depth: 4 });
  const { type, code } = value as Error & { type?: unknown; code?: unknown };
  const details = [code, type].filter((detail) => detail !== undefined && detail !== null && detail !== "");
  return `${value.name}: ${value.message}${details.length > 0 ? ` (${details.join(" ")})` : ""}`;
}

/**
 * What a `then` does: it looks at what comes of a scenario. A failure points to the line of the test that expected
 * something else. What has a `then` is awaited like a promise; a scenario that is, and expects nothing yet, fails.
 */
export async function expectation<Said extends readonly unknown[]>(
  said: Said,
  look: (...said: NoInfer<Said>) => Promise<void>,
): Promise<void> {
  const place = { stack: "" };
  Error.captureStackTrace(place, expectation);
  const [resolve, reject] = said;
  if (typeof resolve === "function" && typeof reject === "function") return void reject(endless());
  try {
    await look(...said);
  } catch (error) {
    if (error instanceof AssertionError)
      error.stack = place.stack.replace(/^.*/, () => `${error.name} [${error.code}]: ${error.message}`);
    throw error;
  }
}

const endless = () =>
  new AssertionError({ message: "a scenario was awaited that expects nothing yet: end it by then(…)" });
