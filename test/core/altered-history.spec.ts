import { AlteredHistory, type Alterations, type Stretch } from "../../mixins/aggregate/past/altered-history.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";

const event = (id: string, position: number, payload: unknown = {}): RecordedEvent => ({
  id,
  type: "thing.happened",
  stream: `thing-${id}`,
  version: 1,
  position,
  time: "2026-01-01T00:00:00.000Z",
  payload: payload as RecordedEvent["payload"],
  meta: { correlationId: id, causationId: id },
});

/** Real events have their position as their id. */
const log = (...positions: number[]) => positions.map((position) => event(String(position), position));
const page = (position: number, ...positions: number[]): Stretch => ({ events: log(...positions), position });
const ids = ({ events }: Stretch) => events.map(({ id }) => id);

const history = (alterations: Partial<Alterations> = {}) =>
  new AlteredHistory({ injected: [], isSkipped: () => false, replaced: new Map(), ...alterations });

describe("A history that is altered", () => {
  it("is the one that happened where nothing is altered", () => {
    const unaltered = history();
    const given = page(9, 2, 5);
    expect(unaltered.alter(given)).toEqual(given);
    expect(unaltered.counts).toEqual({ injected: 0, skipped: 0, replaced: 0 });
  });

  it("has injected events right after the events up to their position", () => {
    const injected = history({ injected: [event("b", 5), event("a", 2)] });
    expect(ids(injected.alter(page(6, 2, 3, 5, 6)))).toEqual(["2", "a", "3", "5", "b", "6"]);
    expect(injected.counts.injected).toBe(2);
  });

  it("has injected events of one position in the order given", () => {
    const injected = [event("z", 2), event("a", 2), event("m", 2)];
    expect(ids(history({ injected }).alter(page(3, 2, 3)))).toEqual(["2", "z", "a", "m", "3"]);
  });

  it("has them where the log has no event that is wanted", () => {
    expect(ids(history({ injected: [event("a", 4)] }).alter(page(9, 2, 7)))).toEqual(["2", "a", "7"]);
    expect(ids(history({ injected: [event("a", 4)] }).alter(page(9)))).toEqual(["a"]);
  });

  it("has those before the first event first, and those after the last one last", () => {
    const injected = history({ injected: [event("first", 0), event("last", 3)] });
    expect(ids(injected.alter(page(0)))).toEqual(["first"]);
    expect(ids(injected.alter(page(3, 1, 2, 3)))).toEqual(["1", "2", "3", "last"]);
  });

  it("has each injected event once, on the page that its position is on", () => {
    const injected = history({ injected: [event("a", 2), event("b", 4)] });
    const pages = [page(2, 1, 2), page(3, 3), page(9, 4, 9), page(12)].map((one) => ids(injected.alter(one)));
    expect(pages).toEqual([["1", "2", "a"], ["3"], ["4", "b", "9"], []]);
  });

  it("is without the events that are skipped", () => {
    const skipping = history({ isSkipped: ({ position }) => position % 2 === 0 });
    expect(ids(skipping.alter(page(5, 1, 2, 3, 4, 5)))).toEqual(["1", "3", "5"]);
    expect(skipping.counts).toEqual({ injected: 0, skipped: 2, replaced: 0 });
  });

  it("has other payloads where they are replaced, and leaves the events themselves alone", () => {
    const replacing = history({ replaced: new Map<string, unknown>([["2", { n: 1 }]]) });
    const given = page(3, 1, 2, 3);
    const altered = replacing.alter(given);
    expect(altered.events).toEqual([...log(1), { ...event("2", 2), payload: { n: 1 } }, ...log(3)]);
    expect(given).toEqual(page(3, 1, 2, 3));
    expect(replacing.counts.replaced).toBe(1);
  });

  it("can read an event that could not be read, with another payload", () => {
    const replacing = history({ replaced: new Map([["1", {}]]) });
    const unreadable = { 1: { message: "old" }, 2: { message: "old" } };
    expect(replacing.alter({ ...page(2, 1, 2), unreadable }).unreadable).toEqual({ 2: { message: "old" } });
    expect(replacing.alter(page(3, 3))).not.toHaveProperty("unreadable");
  });

  it("never skips or replaces what is injected", () => {
    const all = history({ injected: [event("1", 1)], isSkipped: () => true, replaced: new Map([["1", { n: 1 }]]) });
    expect(all.alter(page(2, 1, 2)).events).toEqual([event("1", 1)]);
  });

  it("keeps what else a page says", () => {
    const full = { ...page(7, 7), positionId: "7", log: "log" };
    expect(history({ isSkipped: () => true }).alter(full)).toEqual({ ...full, events: [] });
  });
});
