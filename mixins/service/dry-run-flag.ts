/** Marks in meta that `dryRun` calls the command's own action, so that its param rules and hooks apply. */
export const dryRunFlag = "$dryRun";
