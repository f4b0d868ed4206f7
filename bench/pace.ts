/**
 * Starts operations at a steady rate, whether or not earlier ones have ended. Returns each one's milliseconds from its
 * due time: this includes the time in a queue, which a caller that waits for each response would not measure.
 */
export async function pace(
  { count, perSecond }: { count: number; perSecond: number },
  operation: (index: number) => unknown,
): Promise<number[]> {
  const start = performance.now();
  const dueAt = (index: number) => start + (index * 1000) / perSecond;
  const running: Promise<number>[] = [];
  const run = async (index: number): Promise<number> => {
    await operation(index);
    return performance.now() - dueAt(index);
  };
  for (let next = 0; next < count;) {
    while (next < count && dueAt(next) <= performance.now()) running.push(run(next++));
    await new Promise((turn) => setImmediate(turn));
  }
  return Promise.all(running);
}
