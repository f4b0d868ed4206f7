import { Fairness } from "../../../../adapters/parts/commit-chain/fairness.ts";
import { times } from "../../../../core/concurrency/times.ts";

const { leastMs, mostMs, longestBreakMs } = times.fairness;

/** Appends in sequence, each taking `addMs`, until a break is due; returns the break and the time. */
function addUntilBreak(courtesy: Fairness, addMs: number, from: number): { breakMs: number; now: number } {
  for (let now = from; now < from + 10 * mostMs; now += addMs) {
    const breakMs = courtesy.pauseMs(now);
    if (breakMs > 0) return { breakMs, now };
    courtesy.added(now, now + addMs);
  }
  throw new Error("no break was due");
}

describe("The break of a busy host", () => {
  it.each([
    ["quick", 2, leastMs, 8],
    ["slow", 20, 600, 80],
    ["very slow", 90, mostMs, longestBreakMs],
  ])(
    "comes when it has added for a while, and lasts for a few additions, on a %s server",
    (_, addMs, busyMs, breakMs) => {
      const found = addUntilBreak(new Fairness(), addMs, 5000);
      expect(found.breakMs).toBe(breakMs);
      expect(found.now - 5000).toBeGreaterThanOrEqual(busyMs);
      expect(found.now - 5000).toBeLessThanOrEqual(busyMs + addMs);
    },
  );

  it("is no longer where a server was silent, or the process was stopped, in the middle of an addition", () => {
    const courtesy = new Fairness();
    const { now } = addUntilBreak(courtesy, 2, 5000);
    courtesy.paused(now);
    courtesy.added(now, now + 41_000);
    expect(courtesy.pauseMs(now + 41_000)).toBeLessThanOrEqual(8);
  });

  it("is short where all additions that it knows were in a silence", () => {
    const courtesy = new Fairness();
    courtesy.added(0, 41_000);
    expect(courtesy.pauseMs(41_000)).toBeLessThanOrEqual(longestBreakMs);
  });

  it("is not due where nothing was added for a while, or another host was first", () => {
    const courtesy = new Fairness();
    expect(courtesy.pauseMs(5000)).toBe(0);
    const { now } = addUntilBreak(courtesy, 2, 5000);
    expect(courtesy.pauseMs(now + 100)).toBe(0);
    const again = addUntilBreak(courtesy, 2, now + 100);
    courtesy.overtaken(again.now);
    expect(courtesy.pauseMs(again.now)).toBe(0);
  });
});
