/** Whether a value is a promise of any library. False if reading its `then` throws: such a value cannot be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return value !== null && typeof value === "object" && "then" in value && typeof value.then === "function";
  } catch {
    return false;
  }
}

/** Discards the outcome, including an error that `then` itself throws, so that it does not end the process. */
export function ignoreOutcome(thenable: PromiseLike<unknown>): void {
  new Promise((resolve) => resolve(thenable)).catch(() => {});
}

/** Does not recognise an async function that was compiled to an older language version. */
export const isAsyncFunction = (given: unknown): boolean =>
  typeof given === "function" && given.constructor.name === "AsyncFunction";
