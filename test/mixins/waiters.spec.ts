import { Waiters } from "../../mixins/consumer/waiters.ts";

describe("Callers that wait", () => {
  it("are answered when what they want has happened, the others go on waiting", async () => {
    const waiters = new Waiters<number, string>("a number");
    const [one, two] = [waiters.wait(1), waiters.wait(2)];
    waiters.settle((wanted) => (wanted === 1 ? { answer: "here" } : null));
    expect(await one).toBe("here");
    expect(waiters.size).toBe(1);
    waiters.settle(() => ({ error: new Error("never") }));
    await expect(two).rejects.toThrow("never");
    expect(waiters.size).toBe(0);
  });

  it("are told from those that came after the question was put", async () => {
    const waiters = new Waiters<string, string>("an answer");
    const before = waiters.wait("before");
    waiters.ask();
    const after = waiters.wait("after");
    waiters.settle((wanted, isAsked) => (isAsked ? { answer: wanted } : null));
    expect(await before).toBe("before");
    expect(waiters.size).toBe(1);
    waiters.settle((wanted) => ({ answer: wanted }));
    expect(await after).toBe("after");
  });

  it("end by themselves where nothing else ends them", async () => {
    const waiters = new Waiters<null, string>("nothing");
    const wait = waiters.wait(null, { ms: 1, outcome: () => ({ answer: "over" }), keepsProcess: true });
    expect(await wait).toBe("over");
    expect(waiters.size).toBe(0);
  });

  it("are refused, and may try again, if there are as many as may be", async () => {
    const waiters = new Waiters<null>("a turn", 1);
    const first = waiters.wait(null);
    await expect(waiters.wait(null)).rejects.toMatchObject({ type: "STORE_UNAVAILABLE", retryable: true });
    waiters.settle(() => ({ answer: undefined }));
    await first;
  });
});
