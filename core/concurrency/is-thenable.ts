/** A promise of any library. False for what throws when its `then` is read: it cannot be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  try {
    return value !== null && typeof value === "object" && "then" in value && typeof value.then === "function";
  } catch {
    return false;
  }
}

/** Its rejection, and whatever its `then` throws, ends here instead of the process. */
export function ignoreOutcome(thenable: PromiseLike<unknown>): void {
  new Promise((resolve) => resolve(thenable)).catch(() => {});
}

/** One that was compiled to an older language is not seen. */
export const isAsyncFunction = (given: unknown): boolean =>
  typeof given === "function" && given.constructor.name === "AsyncFunction";
