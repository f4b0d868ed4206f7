import { changeControl, toControl, type ConsumerControl } from "../../../core/consumer/consumer-control.ts";
import { refusal } from "../../support/broker.ts";

const bytesOf = (value: unknown): number => Buffer.byteLength(JSON.stringify(value));

/** Skips events until a skip is refused. */
async function skipAll(
  idOf: (n: number) => string,
  reason: string,
): Promise<{ control: ConsumerControl; error: unknown; skips: number }> {
  let control = toControl("table/t", null);
  for (let skips = 0; skips < 100_000; skips++) {
    const next = () => changeControl("table/a", control, { skip: { id: idOf(skips), reason } });
    try {
      control = next();
    } catch {
      return { control, error: await refusal(next), skips };
    }
  }
  throw new Error("it was never refused");
}

describe("The control state of a consumer", () => {
  it.each<[string, (n: number) => string, string, number]>([
    ["ids and reasons as long as they may be", (n) => `${n}`.padEnd(255, "x"), "y".repeat(1000), 400],
    ["characters of three bytes", (n) => `${n}`.padEnd(255, "語"), "漢".repeat(1000), 150],
    ["characters that JSON escapes", (n) => `${n}`.padEnd(255, "\u0001"), "", 150],
    ["short ones", (n) => `0190a0b0-0000-7000-8000-${String(n).padStart(12, "0")}`, "test data", 1800],
  ])("is bounded in bytes, whatever is skipped: %s", async (_what, idOf, reason, least) => {
    const { control, error, skips } = await skipAll(idOf, reason);
    expect(error).toMatchObject({
      code: 409,
      type: "TOO_MANY_SKIPPED",
      message: expect.stringMatching(/has skipped \d+ events.*256 KiB/),
    });
    expect(bytesOf(control)).toBeLessThan(257 * 1024);
    expect(skips).toBeGreaterThan(least);
    expect(Object.keys(control.skipped)).toHaveLength(skips);
    for (const change of [{ pause: true }, { resume: true }, { retry: { id: "1" } }] as const)
      expect(changeControl("table/a", control, change).skipped).toBe(control.skipped);
  });

  it("keeps a reason as it is given, and the beginning of a long one", () => {
    const reasonOf = (reason: string) =>
      changeControl("table/a", toControl("table/t", null), { skip: { id: "1", reason } }).skipped["1"]!.reason;
    expect(reasonOf("x".repeat(200))).toBe("x".repeat(200));
    expect(reasonOf("x".repeat(201))).toMatch(/^x{100,}… \(201 long\)$/);
    expect(reasonOf("😀".repeat(500)).isWellFormed()).toBe(true);
    expect(reasonOf("😀".repeat(500)).length).toBeLessThanOrEqual(200);
  });

  it("keeps the last orders to retry, in order, within their bytes", () => {
    let control = toControl("table/t", null);
    for (let n = 1; n <= 120; n++) control = changeControl("table/a", control, { retry: { id: `${n}` } });
    expect(control.retries.map(({ number }) => number)).toEqual(Array.from({ length: 50 }, (_, n) => n + 71));
    for (let n = 1; n <= 60; n++)
      control = changeControl("table/a", control, { retry: { stream: `${n}`.padEnd(600, "漢") } });
    expect(control.retries.at(-1)).toMatchObject({ number: 180 });
    expect(control.retries.length).toBeGreaterThan(20);
    expect(bytesOf(control.retries)).toBeLessThan(65 * 1024);
  });
});
