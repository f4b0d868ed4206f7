import type { HeldLease, LeaseAnswer } from "./control.ts";

export interface LeaseRequest {
  name: string;
  holder: string;
  /** The mark of a renewal that the caller has seen unchanged for as long as the lease lasts. */
  lapsed?: string | undefined;
}

/** As an engine keeps a lease; one that was released has the holder "". */
export interface StoredLease extends HeldLease {
  epoch: number;
}

/** Who gets the lease. Renewing keeps the epoch; a new holder raises it, as does the same one after a release. */
export function grantLease({ name, holder, lapsed }: LeaseRequest, stored: StoredLease | null): LeaseAnswer {
  const epoch = stored?.epoch ?? 0;
  if (stored?.holder === holder) return { lease: { name, holder, epoch }, heldBy: null };
  if (stored && stored.holder !== "" && stored.mark !== lapsed) {
    const { holder, mark, ttlMs } = stored;
    return { lease: null, heldBy: { holder, mark, ttlMs } };
  }
  return { lease: { name, holder, epoch: epoch + 1 }, heldBy: null };
}

export const isHeldBy = (
  stored: StoredLease | null | undefined,
  { holder, epoch }: { holder: string; epoch: number },
): stored is StoredLease => stored?.holder === holder && stored.epoch === epoch;
