import { jest } from "@jest/globals";
import { retry } from "../../../adapters/parts/retry.ts";
import { StoreUnavailableError } from "../../../core/errors/errors.ts";
import { times } from "../../../core/concurrency/times.ts";
import { refusal } from "../../support/broker.ts";

const outage = new StoreUnavailableError("a log", "nobody answers");

/** The result if `attempts` are the outcomes, each after `ms` milliseconds; the last one repeats. */
function afterAttempts(ms: number, ...attempts: ("answer" | "overtaken" | Error)[]) {
  return retry("a log", async () => {
    jest.advanceTimersByTime(ms);
    const [outcome] = attempts.length > 1 ? attempts.splice(0, 1) : attempts;
    if (outcome instanceof Error) throw outcome;
    return outcome === "answer" ? { answer: 1 } : null;
  });
}

describe("A retried call of an engine", () => {
  beforeEach(() => void jest.useFakeTimers({ advanceTimers: 1 }));
  afterEach(() => void jest.useRealTimers());

  it("succeeds after conflicts with others, or after an outage", async () => {
    expect(await afterAttempts(10, "overtaken", outage, "overtaken", outage, "answer")).toBe(1);
  });

  it("is retried for the given time while other hosts commit first, and is rejected with this reason", async () => {
    const { overtakenMs } = times.append;
    const overtaken = Array<"overtaken">(18).fill("overtaken");
    expect(await afterAttempts(overtakenMs / 20, ...overtaken, "answer")).toBe(1);
    expect(await refusal(() => afterAttempts(overtakenMs / 20, "overtaken"))).toMatchObject({
      type: "STORE_UNAVAILABLE",
      message: `a log: other hosts were first for ${overtakenMs} ms; nothing was stored`,
    });
  });

  it("waits for an engine that does not answer, for as long as is said from its last answer on", async () => {
    const ms = times.append.outageMs * 0.4;
    expect(await afterAttempts(ms, outage, outage, "overtaken", outage, outage, "answer")).toBe(1);
    expect(await refusal(() => afterAttempts(ms, outage, outage, outage, "answer"))).toBe(outage);
  });

  it("rejects at once with an error that is no outage", async () => {
    const refused = new TypeError("no");
    expect(await refusal(() => afterAttempts(0, refused, "answer"))).toBe(refused);
  });
});
