/** A call of `dryRun` on its way to the command's own action, whose params and hooks it has to pass. */
export const dryRunFlag = "$dryRun";
