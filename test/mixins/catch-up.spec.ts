import { CatchUp } from "../../mixins/aggregate/table/catch-up.ts";

describe("Readers that wait for a table", () => {
  it("are at most 10,000; more are refused at once, and may try again", async () => {
    const catchUp = new CatchUp("accounts");
    const wait = () => catchUp.wait(1, 60_000, () => 0);
    const waiting = Array.from({ length: 10_000 }, wait);
    await expect(wait()).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", code: 503, retryable: true });
    catchUp.reach(1);
    await Promise.all(waiting);
    expect(catchUp.isAwaited).toBe(false);
    const next = wait();
    catchUp.reach(1);
    await next;
  });
});
