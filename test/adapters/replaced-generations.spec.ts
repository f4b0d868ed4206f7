import { ReplacedGenerations } from "../../adapters/parts/replaced-generations.ts";

const gone = () => Promise.reject(new Error("the server is gone"));

describe("A generation that another has taken the place of", () => {
  it("is removed at once where no copy reads it", async () => {
    const removed: string[] = [];
    const replaced = new ReplacedGenerations<string>();
    void replaced.whileCopied("other", new Promise(() => {}));
    await replaced.remove("old", async () => removed.push("old"));
    expect(removed).toEqual(["old"]);
  });

  it("is removed when its copies have ended, in whatever way", async () => {
    const removed: string[] = [];
    const replaced = new ReplacedGenerations<string>();
    const { promise, reject } = Promise.withResolvers<void>();
    const copy = replaced.whileCopied("old", promise);
    await replaced.remove("old", async () => removed.push("old"));
    expect(removed).toEqual([]);
    reject(new Error("the disk is full"));
    await expect(copy).rejects.toThrow("the disk is full");
    await replaced.idle();
    expect(removed).toEqual(["old"]);
  });

  it.each([true, false])(
    "is a leftover where it cannot be removed (a copy reads it: %s): no rejection is unhandled",
    async (isCopied) => {
      const unhandled: unknown[] = [];
      const note = (error: unknown) => void unhandled.push(error);
      process.on("unhandledRejection", note);
      try {
        const replaced = new ReplacedGenerations<string>();
        if (isCopied) void replaced.whileCopied("old", new Promise((made) => setImmediate(made)));
        await replaced.remove("old", gone);
        await replaced.idle();
        await new Promise((turn) => setImmediate(turn));
        expect(unhandled).toEqual([]);
      } finally {
        process.off("unhandledRejection", note);
      }
    },
  );
});
