import { Pace } from "../../../core/concurrency/pace.ts";
import { leastGap, longestGap, threadMs } from "../../support/longest-gap.ts";

const busyFor = (ms: number) => {
  const end = performance.now() + ms;
  while (performance.now() < end);
};

describe("A pace", () => {
  it("gives the event loop turns during a long loop", async () => {
    const gaps = await leastGap(async () => {
      const pace = new Pace();
      for (let item = 0; item < 3000; item++) {
        busyFor(0.1);
        if (pace.isDue()) await pace.turn();
      }
    }, threadMs);
    expect(gaps.exceeds(50)).toBe(false);
  });

  it("is due only after some milliseconds of work", () => {
    const pace = new Pace();
    expect(pace.isDue()).toBe(false);
    busyFor(5);
    expect(pace.isDue()).toBe(true);
    pace.restart();
    expect(pace.isDue()).toBe(false);
  });
});

describe("The longest gap", () => {
  it("distinguishes a blocked loop from a free one", async () => {
    const held = await longestGap(() => busyFor(400));
    expect(held.exceeds(100)).toBe(true);
    expect((await longestGap(async () => {})).exceeds(100)).toBe(false);
  });
});
