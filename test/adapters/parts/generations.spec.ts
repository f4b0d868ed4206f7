import { Generations } from "../../../adapters/parts/generations.ts";

interface Numbered {
  number: number;
  owner: string;
}

const of = (number: number, owner = "ours"): Numbered => ({ number, owner });

const gone = () => Promise.reject(new Error("the server is gone"));
const stored = () => {};

/** Generation 1 is live, 2 beside it; `removed` has the numbers of those that were removed. */
function opened(remove?: () => Promise<void>) {
  const removed: number[] = [];
  const generations = new Generations<Numbered>("table", {
    remove: remove ?? ((generation) => void removed.push(generation.number)),
  });
  const [old, next] = [of(1), of(2)];
  generations.open(old);
  generations.add(next);
  return { generations, old, next, removed };
}

describe("A generation that another has taken the place of", () => {
  it("is removed at once where no copy reads it", async () => {
    const { generations, next, removed } = opened();
    void generations.copy(() => new Promise(() => {}));
    await generations.switchTo(next, stored);
    expect(removed).toEqual([]);
    await generations.switchTo(generations.add(of(3)), stored);
    expect(removed).toEqual([2]);
  });

  it("stays if it is another owner's", async () => {
    const { generations, next, removed } = opened();
    generations.replaceLive(generations.live, of(7, "theirs"));
    await generations.switchTo(next, stored);
    expect(generations.live).toBe(next);
    expect(removed).toEqual([]);
  });

  it.each(["during", "after"])("is not the new one where a query notices the switch %s it", async (when) => {
    const { generations, old, next, removed } = opened();
    const notice = () => generations.replaceLive(old, of(2));
    await generations.switchTo(next, when === "during" ? notice : stored);
    if (when === "after") notice();
    expect(generations.live).toBe(next);
    await generations.switchTo(next, stored);
    expect([generations.all(), removed]).toEqual([[next], [1]]);
  });

  it("stays the one that this host builds if its switch failed after it was stored", async () => {
    const { generations, old, next, removed } = opened();
    await expect(generations.switchTo(next, gone)).rejects.toThrow("the server is gone");
    expect(generations.replaceLive(old, of(2))).toBe(next);
    await generations.switchTo(next, stored);
    expect([generations.all(), removed]).toEqual([[next], []]);
  });

  it("is removed when its copies have ended, in whatever way", async () => {
    const { generations, next, removed } = opened();
    const { promise, reject } = Promise.withResolvers<void>();
    const copy = generations.copy(() => promise);
    await generations.switchTo(next, stored);
    expect(removed).toEqual([]);
    reject(new Error("the disk is full"));
    await expect(copy).rejects.toThrow("the disk is full");
    await generations.idle();
    expect(removed).toEqual([1]);
    expect(generations.replaced).toEqual([]);
  });

  it.each([true, false])(
    "is a leftover where it cannot be removed (a copy reads it: %s): no rejection is unhandled",
    async (isCopied) => {
      const unhandled: unknown[] = [];
      const note = (error: unknown) => void unhandled.push(error);
      process.on("unhandledRejection", note);
      try {
        const { generations, next } = opened(gone);
        if (isCopied) void generations.copy(() => new Promise((made) => setImmediate(made)));
        await generations.switchTo(next, stored);
        await generations.idle();
        await new Promise((turn) => setImmediate(turn));
        expect(unhandled).toEqual([]);
      } finally {
        process.off("unhandledRejection", note);
      }
    },
  );
});

describe("A switch of generations", () => {
  it("leaves the old one live where it cannot be stored", async () => {
    const { generations, old, next, removed } = opened();
    await expect(generations.switchTo(next, gone)).rejects.toThrow("the server is gone");
    expect(generations.live).toBe(old);
    expect(generations.isBuilding(next)).toBe(true);
    expect(removed).toEqual([]);
  });

  it("opens no table that was closed meanwhile", async () => {
    const { generations, old, next, removed } = opened();
    await generations.switchTo(next, () => {
      expect(generations.close()).toEqual([old, next]);
    });
    expect(generations.isOpen).toBe(false);
    expect(removed).toEqual([]);
    expect(() => generations.add(of(3))).toThrow(/the read table is not open/);
    expect(() => generations.replaceLive(next, of(3))).toThrow(/the read table is not open/);
  });
});

describe("A generation beside the live one", () => {
  it("is dropped once, and the live one never", async () => {
    const { generations, old, next, removed } = opened();
    for (const generation of [next, next, old]) await generations.drop(generation);
    expect(removed).toEqual([2]);
    expect(generations.live).toBe(old);
  });
});

describe("The number of a generation", () => {
  it("is given once, whatever becomes of the one before", async () => {
    const { generations, next } = opened();
    expect(generations.nextNumber()).toBe(2);
    expect(generations.nextNumber()).toBe(3);
    await generations.switchTo(next, stored);
    expect(generations.nextNumber()).toBe(4);
  });
});
