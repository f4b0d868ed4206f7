import { LeaseWatch } from "../../../core/consumer/lease-watch.ts";

const held = (mark: string, ttlMs = 3000) => ({ holder: "orders-1/0198c5a2", mark, ttlMs });

describe("A lease that another node has", () => {
  it("lapses when it was seen without a renewal for as long as it lasts", () => {
    const watch = new LeaseWatch();
    watch.record(held("a"), 10_000);
    expect([watch.lapsedAt(12_999), watch.restMs(12_999)]).toEqual([undefined, 1]);
    watch.record(held("a"), 12_999);
    expect([watch.lapsedAt(13_000), watch.restMs(13_000)]).toEqual(["a", 0]);
  });

  it("restarts with each renewal, with the duration that its holder has set", () => {
    const watch = new LeaseWatch();
    watch.record(held("a"), 10_000);
    watch.record(held("b", 1000), 12_900);
    expect(watch.lapsedAt(13_000)).toBeUndefined();
    expect(watch.lapsedAt(13_900)).toBe("b");
  });

  it("is named in the cause, with its node and its times", () => {
    const watch = new LeaseWatch();
    expect([watch.causeAt(0), watch.restMs(0), watch.lapsedAt(0)]).toEqual([null, Infinity, undefined]);
    watch.record(held("a"), 10_000);
    expect(watch.causeAt(11_234)).toBe("waits for the lease of node orders-1, unchanged for 1.2 s of 3 s");
    watch.record(null, 12_000);
    expect(watch.causeAt(12_000)).toBeNull();
  });
});
