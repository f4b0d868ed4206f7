import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** Any error of an adapter is an outage, since adapters have no errors in common; theirs stays as `cause`. */
export const translate = (location: string, error: unknown, what = "the adapter failed"): StoreUnavailableError =>
  new StoreUnavailableError(location, `${what} (${String(error)})`, error);

/** NeDB keeps a document in memory although it could not write it to the disk. */
export const isOfSystem = (error: unknown): boolean => {
  const code = (error as { code?: unknown } | null)?.code;
  return typeof code === "string" && /^E[A-Z]+$/.test(code);
};
