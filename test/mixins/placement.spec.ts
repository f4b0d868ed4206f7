import { times } from "../../core/concurrency/times.ts";
import { firstOf, Placement } from "../../mixins/consumer/placement.ts";

const { settleMs } = times.lease;
const nodes = ["n1", "n2", "n3"];
const consumers = Array.from({ length: 300 }, (_, index) => `subscription/s${index}`);

/** The placement as a node sees it; `hosts` may change. */
function placementOf(consumer: string, node: string, hosts: string[]): { successorAt: (now: number) => string | null } {
  const placement = new Placement({ consumer, node });
  return { successorAt: (now) => placement.successorAt(now, hosts) };
}

/** A consumer whose first host of these is that node. */
const consumerOf = (first: string, hosts = nodes) => consumers.find((consumer) => firstOf(consumer, hosts) === first)!;

describe("The placement of a consumer", () => {
  it("gives each node its share, and takes from others only what is a new node's", () => {
    const shares = Map.groupBy(consumers, (consumer) => firstOf(consumer, nodes));
    for (const node of nodes) expect(shares.get(node)!.length).toBeGreaterThan(consumers.length / 6);
    const moved = consumers.filter((consumer) => firstOf(consumer, [...nodes, "n4"]) !== firstOf(consumer, nodes));
    expect(moved.every((consumer) => firstOf(consumer, [...nodes, "n4"]) === "n4")).toBe(true);
  });

  it("moves to a node that has come, once, and when no other comes any more", () => {
    const hosts = ["n1"];
    const placement = placementOf(consumerOf("n3"), "n1", hosts);
    expect(placement.successorAt(0)).toBeNull();
    expect(placement.successorAt(settleMs)).toBeNull();
    hosts.push("n3");
    expect(placement.successorAt(2 * settleMs)).toBeNull();
    hosts.push("n2");
    expect(placement.successorAt(3 * settleMs - 1)).toBeNull();
    expect(placement.successorAt(3 * settleMs)).toBeNull();
    expect(placement.successorAt(4 * settleMs)).toBe("n3");
    expect(placement.successorAt(9 * settleMs)).toBeNull();
  });

  it("stays where a node has gone, or another one has come than its first", () => {
    const hosts = [...nodes];
    const placement = placementOf(consumerOf("n1"), "n1", hosts);
    expect([placement.successorAt(0), placement.successorAt(settleMs)]).toEqual([null, null]);
    const another = placementOf(consumerOf("n3"), "n1", hosts);
    expect([another.successorAt(0), another.successorAt(settleMs)]).toEqual([null, "n3"]);
    hosts.splice(0, 3, "n1", "n3");
    expect(another.successorAt(2 * settleMs)).toBeNull();
    hosts.push("n2");
    expect([another.successorAt(3 * settleMs), another.successorAt(5 * settleMs)]).toEqual([null, null]);
  });
});
