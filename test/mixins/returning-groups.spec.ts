import { ReturningGroups } from "../../mixins/event-store/append/returning-groups.ts";

/** The state after commits of `commitMs`, each with two groups that returned `returnMs` after their response. */
function after(commitMs: number, returnMs: number, commits = 5): { returning: ReturningGroups; now: number } {
  const returning = new ReturningGroups();
  let now = 1000;
  for (let commit = 0; commit < commits; commit++) {
    returning.committed(2, now, (now += commitMs));
    for (let group = 0; group < 2; group++) returning.arrived(now + returnMs);
    now += returnMs;
  }
  returning.committed(2, now, (now += commitMs));
  return { returning, now };
}

describe("The wait of a commit for groups that come back", () => {
  it("is twice as long as they usually take, at most half as long as a commit takes", () => {
    const { returning, now } = after(10, 2);
    expect(returning.waitMs(now)).toBe(4);
    expect(returning.waitMs(now + 3)).toBe(1);
    expect(returning.waitMs(now + 9)).toBe(0);
    const slow = after(10, 4);
    expect(slow.returning.waitMs(slow.now)).toBe(5);
  });

  it("is none where they usually take longer than half a commit, which would be lost", () => {
    const { returning, now } = after(10, 6);
    expect(returning.waitMs(now)).toBe(0);
  });

  it("is none where no group was answered, or all are here", async () => {
    expect(new ReturningGroups().waitMs(1000)).toBe(0);
    const { returning, now } = after(10, 2);
    returning.arrived(now);
    expect(returning.waitMs(now)).toBe(4);
    returning.arrived(now);
    expect(returning.waitMs(now)).toBe(0);
    await returning.wait();
  });

  it("is tried where it is not known yet how long they take", () => {
    const returning = new ReturningGroups();
    returning.committed(1, 0, 10);
    expect(returning.waitMs(10)).toBe(5);
  });

  it("ends with the arrival of the last one, and by itself where one stays away", async () => {
    const returning = new ReturningGroups();
    const now = performance.now();
    returning.committed(2, now - 200, now);
    const all = returning.wait();
    returning.arrived(performance.now());
    returning.arrived(performance.now());
    await expect(all).resolves.toBeUndefined();
    returning.committed(1, performance.now() - 20, performance.now());
    await expect(returning.wait()).resolves.toBeUndefined();
  });

  it("is short however long a commit takes", () => {
    const { returning, now } = after(60_000, 90);
    expect(returning.waitMs(now)).toBe(100);
  });
});
