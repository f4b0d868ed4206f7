import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** Treats every error of an adapter as an outage, since adapters share no error codes, and keeps it as `cause`. */
export const translate = (location: string, error: unknown, what = "the adapter failed"): StoreUnavailableError =>
  new StoreUnavailableError(location, `${what} (${String(error)})`, error);

/** Whether it is a system error. NeDB keeps a document in memory even if writing it to the disk failed with one. */
export const isOfSystem = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^E[A-Z]+$/.test(code);
};
