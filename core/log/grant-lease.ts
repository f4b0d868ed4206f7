import type { CurrentLease, LeaseAnswer } from "./control.ts";

/** A request to acquire or renew a lease. */
export interface LeaseRequest {
  name: string;
  holder: string;
  /** The mark that the caller has seen unchanged for as long as the lease lasts. */
  lapsed?: string | undefined;
}

/** A lease as an engine stores it; a released one has the holder "". */
export interface StoredLease extends CurrentLease {
  epoch: number;
}

/** Decides about a request. Renewing keeps the epoch; a new holder, or the same one after a release, raises it. */
export function grantLease({ name, holder, lapsed }: LeaseRequest, stored: StoredLease | null): LeaseAnswer {
  const epoch = stored?.epoch ?? 0;
  if (stored?.holder === holder) return { lease: { name, holder, epoch }, current: null };
  if (stored && stored.holder !== "" && stored.mark !== lapsed) {
    const { holder, mark, ttlMs } = stored;
    return { lease: null, current: { holder, mark, ttlMs } };
  }
  return { lease: { name, holder, epoch: epoch + 1 }, current: null };
}

export const isHeldBy = (
  stored: StoredLease | null | undefined,
  { holder, epoch }: { holder: string; epoch: number },
): stored is StoredLease => stored?.holder === holder && stored.epoch === epoch;
