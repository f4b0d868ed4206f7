import { jest } from "@jest/globals";
import { times } from "../../core/concurrency/times.ts";
import type { LiveGeneration } from "../../core/table/read-table.ts";
import { OtherDefinitions } from "../../mixins/aggregate/table/other-definitions.ts";

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());

const minuteMs = 60 * 1000;

describe("The rows of another definition", () => {
  /** `check` is a check after so many minutes; `isThere`: a node runs the other definition. */
  function watched() {
    const progress = { position: 1, positionId: "1", folded: 1, reordered: false, log: "log" };
    const owners = new Set(["own", "other"]);
    let isThere = true;
    const others = new OtherDefinitions({
      name: "table",
      owner: "own",
      table: {
        lives: async () => [...owners].map((owner, number): LiveGeneration => ({ owner, number, progress })),
        dropOwner: async (owner) => void owners.delete(owner),
      },
      source: { nodesOfOwner: (_, owner) => (owner === "own" || isThere ? ["node"] : []) },
      info: () => {},
    });
    const check = async (minutes: number, isThereNow: boolean): Promise<boolean> => {
      isThere = isThereNow;
      jest.advanceTimersByTime(minutes * minuteMs);
      await others.tidy();
      return owners.has("other");
    };
    return check;
  }

  it("are removed after no check of an hour has found a node", async () => {
    const check = watched();
    expect(times.definitions.keptMs).toBe(60 * minuteMs);
    for (const isThere of [true, false, true]) expect(await check(50, isThere)).toBe(true);
    for (let minutes = 0; minutes < 60; minutes += 10) expect(await check(10, false)).toBe(true);
    expect(await check(10, false)).toBe(false);
  });

  it("stay if a node is away for a moment when a long pause ends", async () => {
    const check = watched();
    expect(await check(1, true)).toBe(true);
    expect(await check(600, false)).toBe(true);
    expect(await check(1, false)).toBe(true);
    expect(await check(1, true)).toBe(true);
    expect(await check(1, false)).toBe(true);
    expect(await check(600, false)).toBe(true);
  });
});
