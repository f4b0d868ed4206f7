const share = Number(process.env["FAULTS"] ?? 1);

/**
 * How often a fault is repeated: as often as it says, or the share of it that `FAULTS` names, where a machine's time is
 * short; never less than `least`.
 */
export const times = (often: number, least = 2): number => Math.max(least, Math.round(often * share));

/** Whether nothing is left out for the sake of time. */
export const isInFull = share >= 1;
