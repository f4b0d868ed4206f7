import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** Far more than the callers of a healthy system that wait for one thing on one node. */
const maxWaiting = 1000;

/** @throws StoreUnavailableError, retryable, if as many callers wait for it already as a node keeps */
export function assertWaiterLimit(what: string, waiting: number, most = maxWaiting): void {
  if (waiting >= most)
    throw new StoreUnavailableError(what, `${waiting} callers wait for it on this node, at most ${most} may`);
}
