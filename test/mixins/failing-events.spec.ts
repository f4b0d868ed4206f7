import { Errors } from "moleculer";
import { cleanUp, eventually, newFolder, refusal, startBroker } from "../support/broker.ts";
import { Desk, happen, kinds, parkedStreams, readerService, withStatus, type Kind } from "./desk.ts";
import { turns } from "./turns.ts";

afterEach(cleanUp);

const busy = () => Promise.reject(new Errors.MoleculerRetryableError("not now", 503, "BUSY", {}));
const broken = () => Promise.reject(new Error("broken"));

describe.each(kinds)("An event that fails in %s", (kind) => {
  it("is named by status from its first failure on, with the tries, the last error and the next try", async () => {
    const desk = new Desk().failsFor("*", busy);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    expect(await withStatus(broker, { state: "live" })).toMatchObject({ failing: null });
    const [id] = await happen(broker, "a");
    const named = { id, type: "thing.happened", stream: "thing-a", version: 1, position: 1 };
    const { failing } = await withStatus(broker, { state: "waiting", failing: named });
    expect(failing!.error).toMatchObject({ message: "not now", type: "BUSY", code: 503 });
    await withStatus(broker, { failing: { ...named, attempts: failing!.attempts + 2 } });
    await withStatus(broker, { failing: { nextTryAt: expect.stringMatching(/Z$/) as string } });
    desk.works();
    await withStatus(broker, { state: "live", position: 1, failing: null });
    expect(await parkedStreams(broker)).toEqual([]);
  });

  it("is named while it is retried before it is parked", async () => {
    const desk = new Desk().failsFor("a", broken);
    const onError = { retries: 1, delayMs: 60_000 };
    const broker = await startBroker([readerService(kind, newFolder(), onError), desk.service]);
    const [id] = await happen(broker, "a", "b");
    const { failing } = await withStatus(broker, { failing: { id, attempts: 1, error: { message: "broken" } } });
    expect(Date.parse(failing!.nextTryAt!)).toBeGreaterThan(Date.now() + 50_000);
    expect(await broker.call("reader.skip", { id })).toMatchObject({ skipped: id });
    await withStatus(broker, { state: "live", lag: 0, failing: null });
    expect(desk.served).toEqual(["b"]);
  });

  it("is given up by skip while everything waits for it, and nothing else is", async () => {
    const desk = new Desk().failsFor("*", busy);
    const broker = await startBroker([readerService(kind, newFolder()), desk.service]);
    const [id, next] = await happen(broker, "a", "a");
    await withStatus(broker, { state: "waiting", failing: { id } });
    expect(await refusal(() => broker.call("reader.skip", { id: next }))).toMatchObject({
      type: "UNKNOWN_PARKED_EVENT",
      code: 404,
      message: expect.stringContaining("neither parked nor waited for") as string,
    });
    await broker.call("reader.skip", { id, reason: "the desk never knew it" });
    await withStatus(broker, { state: "waiting", failing: { id: next } });
    desk.works();
    await withStatus(broker, { state: "live", lag: 0, failing: null });
    expect(desk.served).toEqual(["a"]);
    expect(await refusal(() => broker.call("reader.skip", { id: next }))).toMatchObject({ code: 404 });
  });

  it("stops the consumer where park is false, which goes on from it after a resume", async () => {
    const desk = new Desk().failsFor("b", broken);
    const onError = { retries: 1, delayMs: 1, park: false };
    const broker = await startBroker([readerService(kind, newFolder(), onError), desk.service]);
    const [, id] = await happen(broker, "a", "b", "b");
    const { cause, failing } = await withStatus(broker, { state: "stopped", position: 1, parked: 0 });
    expect(cause).toMatch(`thing.happened ${id} at position 2 of thing-b has failed 2 times: broken`);
    expect(failing).toMatchObject({ id, attempts: 2, nextTryAt: null });
    await turns(broker);
    expect(desk.called).toEqual(["a", "b", "b"]);
    await broker.call("reader.resume");
    await withStatus(broker, { state: "stopped", failing: { id, attempts: 2 } });
    desk.works();
    await broker.call("reader.resume");
    await withStatus(broker, { state: "live", lag: 0, failing: null, cause: null });
    expect(desk.served).toEqual(["a", "b", "b"]);
  });

  it("is tried again by a restart after a stop, or given up by a skip and a resume", async () => {
    const desk = new Desk().failsFor("a", broken);
    const folder = newFolder();
    const service = () => [readerService(kind, folder, { retries: 0, park: false }), desk.service];
    const one = await startBroker(service());
    const [id, second] = await happen(one, "a", "a", "a");
    await withStatus(one, { state: "stopped", failing: { id } });
    await one.stop();
    desk.works();
    const two = await startBroker(service());
    await withStatus(two, { state: "live", lag: 0 });
    desk.served.length = 0;
    desk.failsFor("a", broken);
    const [third] = await happen(two, "a", "a");
    await withStatus(two, { state: "stopped", failing: { id: third } });
    await two.call("reader.skip", { id: third });
    desk.works();
    await two.call("reader.resume");
    await withStatus(two, { state: "live", lag: 0, parked: 0 });
    expect(desk.served).toEqual(["a"]);
    expect(second).not.toBe(id);
  });
});

type Decide = (error: unknown, failure: { attempts: number }) => unknown;

/** A reader of this kind, and the events of `a`, which fails, and of `b`. */
async function withFunction(kind: Kind, decide: Decide, fault = broken) {
  const desk = new Desk().failsFor("a", fault);
  const onError = { delayMs: 1, decide: decide as () => "park" };
  const broker = await startBroker([readerService(kind, newFolder(), onError), desk.service]);
  const [id] = await happen(broker, "a", "b");
  return { desk, broker, id };
}

describe.each(kinds)("The function onError of %s", (kind) => {
  it("gets the error, the event and the tries, and decides on a retry, then on parking", async () => {
    const seen: unknown[] = [];
    const { desk, broker, id } = await withFunction(
      kind,
      (error, failure) => {
        seen.push([(error as Error).message, failure]);
        return failure.attempts < 3 ? "retry" : "park";
      },
      busy,
    );
    await withStatus(broker, { state: "live", lag: 0, parked: 1 });
    expect(await parkedStreams(broker)).toEqual(["thing-a"]);
    const event = expect.objectContaining({ id, payload: {} }) as object;
    expect(seen).toEqual([1, 2, 3].map((attempts) => ["not now", { event, attempts }]));
    expect(desk.called).toEqual(["a", "a", "a", "b"]);
  });

  it("decides on a wait, before which nothing is passed", async () => {
    const { desk, broker, id } = await withFunction(kind, () => "wait");
    await withStatus(broker, { state: "waiting", position: 0, parked: 0, failing: { id }, cause: "broken" });
    await eventually(() => expect(desk.called.length).toBeGreaterThan(4));
    desk.works();
    await withStatus(broker, { state: "live", lag: 0 });
    expect(desk.served.toSorted()).toEqual(["a", "b"]);
  });

  it("decides on a stop", async () => {
    const { desk, broker, id } = await withFunction(kind, () => "stop");
    await withStatus(broker, { state: "stopped", position: 0, parked: 0, failing: { id, attempts: 1 } });
    desk.works();
    await broker.call("reader.resume");
    await withStatus(broker, { state: "live", lag: 0 });
    expect(desk.served.toSorted()).toEqual(["a", "b"]);
  });
});

describe("A function onError", () => {
  it.each([
    ["throws", () => JSON.parse("{"), /onError: found SyntaxError: .+, which it threw, expected "retry", "park"/],
    ["returns another word", () => "later", /onError: found "later", expected "retry", "park", "wait" or "stop"/],
    ["returns nothing", () => undefined, /onError: found undefined/],
    ["returns a generator, as a generator function does", function* () {}, /onError: found a generator/],
    ["returns a promise", () => Promise.resolve("park"), /onError: found/],
  ])("stops the consumer with an error of its own where it %s", async (_what, decide, message) => {
    const { broker, id } = await withFunction("subscription", decide);
    const { cause, failing } = await withStatus(broker, { state: "stopped", position: 0, parked: 0, failing: { id } });
    expect(cause).toMatch(message);
    expect(cause).toContain("broken");
    expect(failing!.error).toMatchObject({ name: "OnErrorFailedError", type: "ON_ERROR_FAILED", code: 500 });
  });
});
