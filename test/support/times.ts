const share = Number(process.env["FAULTS"] ?? 1);

/**
 * How often a fault is repeated: `often`, or the share of it that `FAULTS` sets if time is short; never less than
 * `least`.
 */
export const times = (often: number, least = 2): number => Math.max(least, Math.round(often * share));

/** Whether the run is complete. */
export const isInFull = share >= 1;
