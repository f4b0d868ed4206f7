import { Committers } from "../../../../adapters/parts/commit-chain/committers.ts";
import { RelayTarget } from "../../../../adapters/parts/commit-chain/relay-target.ts";
import { times } from "../../../../core/concurrency/times.ts";
import { randomFrom } from "../../../../testing/kit/random.ts";

const { recentMs, avoidMs } = times.relay;

function committersOf(nodes: readonly string[], at = 0): Committers {
  const committers = new Committers();
  committers.record(nodes, at);
  return committers;
}

describe("The leader of a chain", () => {
  it("is the node with the most of the last commits, of several the first by name", () => {
    expect(committersOf([]).leader(0)).toBeNull();
    expect(committersOf(["b", "a", "b"]).leader(0)).toBe("b");
    expect(committersOf(["b", "a"]).leader(0)).toBe("a");
    expect(committersOf(["a", "b"]).leader(0)).toBe("a");
  });

  it("is forgotten when it adds nothing for a while, or others have added more since", () => {
    const committers = committersOf(["a", "a", "a"]);
    expect(committers.leader(recentMs)).toBe("a");
    expect(committers.leader(recentMs + 1)).toBeNull();
    committers.record(
      Array.from({ length: 32 }, () => "b"),
      1,
    );
    expect(committers.leader(1)).toBe("b");
  });

  it("is one that may lead", () => {
    expect(committersOf(["a", "a", "b"]).leader(0, (node) => node !== "a")).toBe("b");
  });

  it("is the same for hosts that have seen the same commits, in whatever pages", () => {
    const random = randomFrom(1);
    const nodes = Array.from({ length: 200 }, () => "abc"[Math.floor(random() * 3)]!);
    const [one, other] = [new Committers(), new Committers()];
    for (const node of nodes) one.record([node], 0);
    for (let from = 0; from < nodes.length; from += 7) other.record(nodes.slice(from, from + 7), 0);
    expect(one.leader(0)).toBe(other.leader(0));
  });
});

describe("The target of a host's appends", () => {
  const targetOf = (nodes: readonly string[], at = 0) => {
    const committers = committersOf(nodes, at);
    return new RelayTarget("b", () => committers);
  };

  it("is the host itself while no other host was first", () => {
    expect(targetOf(["a", "a"]).at(0)).toBeNull();
  });

  it("is the leader for a while after the host was overtaken, and on while others send to it as well", () => {
    const committers = committersOf(["a", "a", "b"]);
    const target = new RelayTarget("b", () => committers);
    target.overtaken(0);
    expect(target.at(recentMs - 1)).toBe("a");
    target.answered(true, recentMs - 1);
    committers.record(["a"], recentMs);
    expect(target.at(recentMs)).toBe("a");
    expect(target.at(3 * recentMs)).toBeNull();
  });

  it("is the host itself where it leads", () => {
    const target = targetOf(["a", "b", "b"]);
    target.overtaken(0);
    expect(target.at(0)).toBeNull();
  });

  it("is the host itself again when the other one stores for it alone", () => {
    const target = targetOf(["a"]);
    target.overtaken(0);
    target.answered(false, 0);
    expect(target.at(0)).toBeNull();
  });

  it("is no node that has failed, for a while", () => {
    const committers = committersOf(["a", "a", "c"]);
    const target = new RelayTarget("b", () => committers);
    target.overtaken(0);
    target.failed("a", 0);
    expect(target.at(0)).toBe("c");
    target.failed("c", 0);
    expect(target.at(0)).toBeNull();
    committers.record(["a"], avoidMs);
    target.overtaken(avoidMs);
    expect(target.at(avoidMs)).toBe("a");
  });

  it("is one that all hosts agree on, so that no two of them send to each other", () => {
    const nodes = ["c", "a", "b", "c", "b", "a", "c"];
    const committers = committersOf(nodes);
    const targets = ["a", "b", "c"].map((node) => {
      const target = new RelayTarget(node, () => committers);
      target.overtaken(0);
      return target.at(0);
    });
    expect(targets).toEqual(["c", "c", null]);
  });
});
