import type { Context } from "moleculer";

/** The header by which `dryRun` calls the command's own action, so that its param rules and hooks apply. */
export const dryRunFlag = "$dryRun";

export const isDryRun = ({ headers }: Context): boolean =>
  ((headers ?? {}) as Record<string, unknown>)[dryRunFlag] === true;
