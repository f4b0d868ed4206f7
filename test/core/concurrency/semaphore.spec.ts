import { Semaphore } from "../../../core/concurrency/semaphore.ts";
import { refusal } from "../../support/broker.ts";

describe("Slots", () => {
  it("let so many pieces of work run at a time, and the others in their order, also after failures", async () => {
    const slots = new Semaphore(2);
    const log: string[] = [];
    const gates = Array.from({ length: 4 }, () => Promise.withResolvers<void>());
    const ends = gates.map(({ promise }, index) =>
      slots.run(async () => {
        log.push(`begin ${index}`);
        await promise;
        log.push(`end ${index}`);
      }),
    );
    const settled = Promise.allSettled(ends);
    expect(log).toEqual(["begin 0", "begin 1"]);
    gates[1]!.reject(new Error("fails"));
    await expect(ends[1]).rejects.toThrow("fails");
    expect(log).toEqual(["begin 0", "begin 1", "begin 2"]);
    for (const index of [2, 3, 0]) {
      gates[index]!.resolve();
      await ends[index];
    }
    await settled;
    expect(log.slice(3)).toEqual(["end 2", "begin 3", "end 3", "end 0"]);
    expect(await slots.run(async () => "free again")).toBe("free again");
  });

  it("refuse a piece of work if too many wait, until one of these runs", async () => {
    const slots = new Semaphore(1, { of: "table", maxWaiting: 2 });
    const gate = Promise.withResolvers<void>();
    const running = [1, 2, 3].map(() => slots.run(() => gate.promise));
    expect(await refusal(() => slots.run(async () => {}))).toMatchObject({
      type: "STORE_UNAVAILABLE",
      retryable: true,
    });
    gate.resolve();
    await Promise.all(running);
    expect(await slots.run(async () => "free again")).toBe("free again");
  });
});
