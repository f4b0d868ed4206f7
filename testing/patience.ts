/** Lets real time pass, where time itself is what is tested. */
export const pass = (ms: number): Promise<void> => new Promise((turn) => setTimeout(turn, ms));

/** Asks until the answer passes; fails with the last failure after `withinMs`. */
export async function eventually<Answer>(ask: () => Answer | Promise<Answer>, withinMs = 20_000): Promise<Answer> {
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await pass(5);
    }
  }
}
