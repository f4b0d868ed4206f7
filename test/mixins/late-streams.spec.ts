import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { LateStreams } from "../../mixins/consumer/late-streams.ts";
import { parkedAs, ParkedStreams, passedIn } from "../../mixins/consumer/parked-streams.ts";

const eventAt = (stream: string, version: number, position: number): RecordedEvent => ({
  id: `${stream}/${version}`,
  type: "thing.counted",
  stream,
  version,
  position,
  time: "2026-01-01T00:00:00.000Z",
  payload: {},
  meta: { correlationId: "c", causationId: "c" },
});

const log = [
  eventAt("a", 1, 1),
  eventAt("b", 1, 2),
  eventAt("a", 2, 3),
  eventAt("b", 2, 4),
  eventAt("a", 3, 5),
  eventAt("b", 3, 6),
];

/** Both streams wait behind their first event. `log`: what the consumer's types let through. */
function parkedStreams({ wanted = log, failing = "" } = {}) {
  const parked = new ParkedStreams();
  for (const event of log.slice(0, 2))
    parked.set({ ...parkedAs(event, { error: new Error("poisoned"), attempts: 1 }), waiting: 2 });
  const handled: string[] = [];
  const late = new LateStreams({
    parked,
    source: {
      streamPage: async (stream, after) => ({
        events: wanted.filter((event) => event.stream === stream && event.version > after),
      }),
    },
    isInterrupted: () => false,
    upTo: () => 5,
    async handle({ events }, mustStop) {
      for (const [done, event] of events.entries()) {
        if (done > 0 && mustStop()) return done;
        if (event.id === failing) throw new Error("an outage");
        handled.push(event.id);
        parked.set(passedIn(parked.get(event.stream)!, event)!);
      }
      return events.length;
    },
    put: (stream, state) => (state ? parked.set(state) : parked.delete(stream)),
  });
  return { parked, late, handled };
}

describe("The late events of parked streams", () => {
  it("are the chosen ones first, then those that waited, in the order of their stream up to the checkpoint", async () => {
    const { parked, late, handled } = parkedStreams();
    expect(parked.choose({})).toBe(true);
    expect(await late.goOn()).toBe(5);
    expect(handled.slice(0, 2)).toEqual(["a/1", "b/1"]);
    expect(handled.filter((id) => id.startsWith("a"))).toEqual(["a/1", "a/2", "a/3"]);
    expect(handled.filter((id) => id.startsWith("b"))).toEqual(["b/1", "b/2"]);
    expect(parked.size).toBe(0);
  });

  it("are those of the chosen stream only; a choice of an event that has not failed finds none", async () => {
    const { parked, late, handled } = parkedStreams();
    expect(parked.choose({ id: "a/2" })).toBe(false);
    expect(parked.choose({ id: "b/1", stream: "b" })).toBe(true);
    expect(await late.goOn()).toBe(2);
    expect(handled).toEqual(["b/1", "b/2"]);
    expect(parked.list().map(({ id }) => id)).toEqual(["a/1"]);
  });

  it("go on behind a failed event of a type that is not handled any more", async () => {
    const { parked, late, handled } = parkedStreams({ wanted: log.slice(2) });
    parked.choose({ stream: "a" });
    expect(await late.goOn()).toBe(2);
    expect(handled).toEqual(["a/2", "a/3"]);
  });

  it("are not chosen any more after an outage, and another stream is next", async () => {
    const { parked, late } = parkedStreams({ failing: "a/2" });
    parked.choose({});
    await expect(late.goOn()).rejects.toThrow("an outage");
    expect(parked.takeNext()).toMatchObject({ stream: "b", error: null });
    expect(parked.get("a")).toMatchObject({ id: "a/1", waiting: 2 });
  });

  it("stay parked, and unchosen, if the retry itself meets the outage", async () => {
    const { parked, late } = parkedStreams({ failing: "a/1" });
    parked.choose({});
    await expect(late.goOn()).rejects.toThrow("an outage");
    expect(parked.isGoingOn).toBe(false);
    expect(parked.list().every(({ error }) => error !== null)).toBe(true);
  });
});
