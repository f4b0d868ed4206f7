/** Whether the work ends within that time. Does not stop the work. @throws what the work throws in time */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, ms, false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
    // A later error has no caller any more.
    work.catch(() => {});
  }
}
