import { cleanUp } from "../support/broker.ts";
import { heapInUse } from "../support/garbage.ts";
import { longestGap, threadMs } from "../support/longest-gap.ts";
import { kinds, WaitingWork } from "../support/waiting-work.ts";

afterEach(cleanUp);

const waiting = 100_000;
/** Less than the events would take, but more than the rows of a table in memory. */
const mostHeapBytes = 60 * 1024 * 1024;

describe.each(kinds)("A retry of 100,000 events of one stream, of a %s", (kind) => {
  it("ends, with reads and writes in proportion, in bounded memory, giving turns", async () => {
    const work = new WaitingWork(kind);
    const broker = await work.start();
    await work.fill(broker, waiting);
    const bytes = () => work.table.bytes + work.kept.bytes;
    expect(bytes()).toBeLessThan(1_000_000);
    work.isPoisoned = false;
    work.ran.length = 0;
    Object.assign(work.read, { events: 0 });
    const before = { bytes: bytes(), commits: work.table.commits };
    const heap: number[] = [];
    for (const position of [waiting / 10, waiting]) work.at.set(position, () => void heap.push(heapInUse()));
    const gaps = await longestGap(async () => {
      expect(await broker.call("consumer.retry")).toEqual({ folded: waiting + 1, parked: 0 });
    }, threadMs);
    expect(work.ran).toHaveLength(waiting + 1);
    expect(work.ran.every((position, index) => position === index + 1)).toBe(true);
    expect(work.read.events).toBeLessThan(2 * waiting);
    expect(bytes() - before.bytes).toBeLessThan(waiting * 1000);
    expect(work.table.commits - before.commits).toBeLessThan(waiting / 10);
    expect(work.table.writes).toBeLessThanOrEqual(2 * work.table.commits);
    expect(heap[1]! - heap[0]!).toBeLessThan(mostHeapBytes);
    // Includes a full garbage collection.
    expect(gaps.exceeds(500)).toBe(false);
  });
});
