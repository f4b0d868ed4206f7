const sampleMs = 200;
/** A step longer than this was spent without the core: reading the clock takes less than a microsecond. */
const gapMs = 0.2;

/**
 * The share of a core that this process gets, 0 to 1. The host of a virtual machine may take the core away unnoticed by
 * the guest, in gaps that only a loop over the clock shows.
 */
export function hostShare(): number {
  const start = performance.now();
  let last = start;
  let had = 0;
  while (last - start < sampleMs) {
    const now = performance.now();
    if (now - last < gapMs) had += now - last;
    last = now;
  }
  return had / (last - start);
}
