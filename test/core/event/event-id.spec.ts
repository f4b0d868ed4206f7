import { jest } from "@jest/globals";
import { validate, version } from "uuid";
import { newEventId } from "../../../core/event/event-id.ts";

describe("A new event id", () => {
  it("is a UUID of version 7, and later than every one before it", () => {
    const ids = Array.from({ length: 10_000 }, newEventId);
    expect(ids.every((id) => validate(id) && version(id) === 7)).toBe(true);
    expect(ids).toEqual(ids.toSorted());
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("holds the time, and is later than those before it also when the clock is set back", () => {
    const before = newEventId();
    const made = Number.parseInt(before.replaceAll("-", "").slice(0, 12), 16);
    expect(Math.abs(Date.now() - made)).toBeLessThan(60_000);
    const now = jest.spyOn(Date, "now").mockReturnValue(made - 3_600_000);
    try {
      expect(newEventId() > before).toBe(true);
    } finally {
      now.mockRestore();
    }
  });

  it("shares no random part with its neighbours", () => {
    const tails = Array.from({ length: 1000 }, () => newEventId().slice(-11));
    expect(new Set(tails).size).toBe(tails.length);
  });
});
