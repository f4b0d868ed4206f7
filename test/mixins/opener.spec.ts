import { jest } from "@jest/globals";
import { StoreUnavailableError, UnusableStoreError } from "../../core/errors/errors.ts";
import { Opener } from "../../mixins/service/opener.ts";
import { refusal } from "../support/broker.ts";

const gone = (why = "no server answers") => new StoreUnavailableError("nats://one/events", why);
const refused = () => new UnusableStoreError("nats://one/events", "the server refuses the user");

/** An engine with the given outcomes of its opening, in order; the last one repeats. */
function engine(...answers: (Error | null)[]) {
  const said: string[] = [];
  const state = { answers, tries: 0 };
  const opening = new Opener({
    name: "events",
    open: async () => {
      state.tries++;
      const answer = state.answers.length > 1 ? state.answers.shift()! : state.answers[0]!;
      if (answer) throw answer;
    },
    logMessage: (level, message) => void said.push(`${level}: ${message}`),
  });
  return { opening, said, state };
}

beforeEach(() => void jest.useFakeTimers());
afterEach(() => void jest.useRealTimers());
const pass = (ms: number) => jest.advanceTimersByTimeAsync(ms);

describe("The opening of a store or table", () => {
  it("says nothing where it succeeds at once", async () => {
    const { opening, said, state } = engine(null);
    await opening.start();
    expect(() => opening.assertOpen()).not.toThrow();
    expect([said, state.tries, opening.cause]).toEqual([[], 1, null]);
  });

  it("is tried again after an outage, with growing waits and a message each time", async () => {
    const { opening, said } = engine(gone(), gone(), gone("still starting"), null);
    const started = opening.start();
    await pass(5000);
    await started;
    expect(said).toEqual([
      "warn: events cannot be opened: nats://one/events: no server answers; attempt 1 failed, the next is in 250 ms",
      "warn: events cannot be opened: nats://one/events: no server answers; attempt 2 failed, the next is in 500 ms",
      "warn: events cannot be opened: nats://one/events: still starting; attempt 3 failed, the next is in 1000 ms",
      "info: events is open after 4 attempts",
    ]);
    expect(opening.cause).toBeNull();
  });

  it("fails the start at once if an operator has to act, also after an outage", async () => {
    const { opening, said, state } = engine(gone(), refused());
    const started = refusal(() => opening.start());
    await pass(250);
    expect(await started).toMatchObject({ type: "UNUSABLE_STORE" });
    await pass(60_000);
    expect([said.length, state.tries]).toEqual([1, 2]);
  });

  it("lets the start go on when it takes too long, with one error, and refuses with the cause until it succeeds", async () => {
    const { opening, said, state } = engine(gone());
    const started = opening.start();
    await pass(10_000);
    await started;
    const error = await refusal(() => opening.assertOpen());
    expect(error).toMatchObject({
      type: "STORE_UNAVAILABLE",
      retryable: true,
      message: "events: is not open yet: nats://one/events: no server answers",
      cause: { message: "nats://one/events: no server answers" },
    });
    expect(said.filter((message) => message.startsWith("error"))).toEqual([
      "error: events is not open: nats://one/events: no server answers. The node starts without it: its calls are rejected with STORE_UNAVAILABLE until a later attempt opens it",
    ]);
    const before = said.length;
    await pass(60_000);
    expect(said).toHaveLength(before);
    state.answers = [refused()];
    await pass(60_000);
    expect(said.slice(before)).toEqual([
      "error: events is still not open: nats://one/events: the server refuses the user",
    ]);
    state.answers = [null];
    await pass(60_000);
    expect(said.at(-1)).toMatch(/^info: events is open after \d+ attempts$/);
    expect(() => opening.assertOpen()).not.toThrow();
  });

  it("lets the start go on where one try alone takes too long", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const said: string[] = [];
    const opening = new Opener({
      name: "events",
      open: () => promise,
      logMessage: (_, message) => void said.push(message),
    });
    const started = opening.start();
    await pass(10_000);
    await started;
    expect(opening.cause).toBe("events: has had no response for 10000 ms");
    resolve();
    await pass(0);
    expect(opening.cause).toBeNull();
    expect(said).toHaveLength(2);
  });

  it("is waited for as long as a try makes progress, which is said at intervals", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const said: string[] = [];
    let step = (_progress: string) => {};
    const open = (onProgress: (progress: string) => void) => ((step = onProgress), promise);
    const opening = new Opener({ name: "events", open, logMessage: (_, message) => void said.push(message) });
    let hasStarted = false;
    const started = opening.start().then(() => (hasStarted = true));
    for (let n = 1; n <= 20; n++) {
      await pass(2000);
      step(`building the index, ${n} of 20`);
    }
    expect([hasStarted, said.length]).toEqual([false, 6]);
    expect(said.at(-1)).toBe("events is not open yet: building the index, 18 of 20");
    resolve();
    await started;
    expect(() => opening.assertOpen()).not.toThrow();
  });

  it("lets the start continue if a try makes no more progress, and reports its progress in a refusal", async () => {
    let step = (_progress: string) => {};
    const open = (onProgress: (progress: string) => void) => ((step = onProgress), new Promise<void>(() => {}));
    const opening = new Opener({ name: "events", open, logMessage: () => {} });
    const started = opening.start();
    await pass(9000);
    step("building the index, 3 of 20");
    await pass(10_000);
    await started;
    expect((await refusal(() => opening.assertOpen())).message).toBe(
      "events: is not open yet: building the index, 3 of 20",
    );
  });

  it("is given up at the next step of a try when the node stops", async () => {
    let step = (_progress: string) => {};
    const { promise, reject } = Promise.withResolvers<void>();
    const open = (onProgress: (progress: string) => void) => ((step = onProgress), promise);
    const opening = new Opener({ name: "events", open, logMessage: () => {} });
    const started = opening.start();
    await pass(0);
    const stopped = opening.stop();
    const error = await refusal(() => step("building the index, 3 of 20"));
    expect(error).toMatchObject({ type: "STORE_UNAVAILABLE", message: "events: is stopping" });
    reject(error);
    await Promise.all([stopped, started]);
  });

  it("ends when the node stops, and may be started again", async () => {
    const { opening, said, state } = engine(gone());
    const started = opening.start();
    await pass(300);
    await opening.stop();
    await started;
    const { tries } = state;
    await pass(60_000);
    expect(state.tries).toBe(tries);
    expect(said.filter((message) => message.startsWith("error"))).toEqual([]);
    state.answers = [null];
    await opening.start();
    expect(() => opening.assertOpen()).not.toThrow();
  });

  it("is waited for by a stop where a try is under way", async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const opening = new Opener({ name: "events", open: () => promise, logMessage: () => {} });
    const started = opening.start();
    let hasStopped = false;
    const stopped = opening.stop().then(() => (hasStopped = true));
    await pass(1000);
    expect(hasStopped).toBe(false);
    resolve();
    await Promise.all([stopped, started]);
  });
});
