import { setTimes } from "../../core/concurrency/times.ts";

/**
 * Leases, polls and retries for tests without servers: a third or less of the real ones, which test/engines and
 * test/faults use. Long enough for a lease to outlive a slow machine's pauses. Loaded before each spec; a process that
 * a spec starts gets the same times by `withShortTimes` among Node's options.
 */
setTimes({
  lease: { lastsMs: 2000, retryMs: 100 },
  poll: { everyMs: 200 },
  append: { outageMs: 1000 },
  control: { lateMs: 300 },
  copyLock: { silentMs: 2000, heartbeatMs: 200 },
});

export const withShortTimes = `--import=${import.meta.url}`;
