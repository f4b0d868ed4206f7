/** Lets real time pass, where time itself is what is tested. */
export const pass = (ms: number): Promise<void> => new Promise((turn) => setTimeout(turn, ms));
