/** Whether the work has ended within that time; it goes on where it has not. @throws what it throws in time */
export async function within(ms: number, work: Promise<unknown>): Promise<boolean> {
  const { promise: late, resolve } = Promise.withResolvers<false>();
  const timer = setTimeout(resolve, ms, false);
  try {
    return await Promise.race([work.then(() => true), late]);
  } finally {
    clearTimeout(timer);
    // An error that comes later has no caller any more.
    work.catch(() => {});
  }
}
