import { Decider, EventStore, type RecordedEvent } from "moleculer-event-sourcing";
import { rehydrate, type StateSnapshot } from "../../../core/decider/rehydrate.ts";

interface Options {
  version?: string | number;
  isChanged?: boolean;
}

const counterOf = ({ version, isChanged = false }: Options = {}) => {
  const folded: number[] = [];
  const plain = (state: { sum: number }, { version: at, payload }: RecordedEvent) => {
    folded.push(at);
    return { sum: state.sum + Number(payload["n"]) };
  };
  const changed = (state: { sum: number }, { version: at, payload }: RecordedEvent) => {
    folded.push(at);
    return { sum: state.sum + 2 * Number(payload["n"]) };
  };
  const { definition } = Decider("counter", {
    eventStore: EventStore("counterEvents", { adapter: "memory:" }),
    initialState: () => ({ sum: 0 }),
    commands: { add: { decide: () => null } },
    evolve: { "counter.added": isChanged ? changed : plain },
    stateSnapshots: { every: 1, ...(version !== undefined && { version }) },
  });
  return { definition, folded };
};

const event = (version: number): RecordedEvent => ({
  id: `id-${version}`,
  type: "counter.added",
  stream: "counter-1",
  version,
  position: version * 10,
  time: `2026-01-01T00:00:0${version}.000Z`,
  payload: { n: 1 },
  meta: { correlationId: "a", causationId: "b" },
});

const events = [1, 2, 3, 4].map(event);

const snapshotAt = (version: number, definition: string): StateSnapshot => {
  const { id: eventId, position, time } = event(version);
  return { definition, version, position, time, eventId, state: { sum: version } };
};

describe("A state", () => {
  it("without a snapshot and without events is the initial one", async () => {
    const { definition } = counterOf();
    expect(await rehydrate(definition, null, null, [])).toEqual({
      state: { sum: 0 },
      version: 0,
      position: 0,
      time: null,
      eventId: null,
    });
  });

  it("with a snapshot and without events is the snapshot's", async () => {
    const { definition } = counterOf();
    const { definition: _, ...expected } = snapshotAt(2, definition.fingerprint);
    expect(await rehydrate(definition, null, snapshotAt(2, definition.fingerprint), [])).toEqual(expected);
  });

  it("with a snapshot newer than all events is the snapshot's", async () => {
    const { definition, folded } = counterOf();
    const { definition: _, ...expected } = snapshotAt(4, definition.fingerprint);
    expect(await rehydrate(definition, null, snapshotAt(4, definition.fingerprint), events.slice(0, 3))).toEqual(
      expected,
    );
    expect(folded).toEqual([]);
  });

  it("with a snapshot and later events is folded from the later ones alone", async () => {
    const { definition, folded } = counterOf();
    expect(await rehydrate(definition, null, snapshotAt(2, definition.fingerprint), events)).toEqual({
      state: { sum: 4 },
      version: 4,
      position: 40,
      time: event(4).time,
      eventId: "id-4",
    });
    expect(folded).toEqual([3, 4]);
  });

  it.each([
    ["another version", { version: 1 }, { version: 2 }],
    ["a version where there was none", {}, { version: 1 }],
    ["a changed evolve", {}, { isChanged: true }],
  ])("with a snapshot of %s is folded from all events", async (_name, before: Options, after: Options) => {
    const { definition, folded } = counterOf(after);
    const { fingerprint } = counterOf(before).definition;
    const { state } = await rehydrate(definition, null, snapshotAt(4, fingerprint), events);
    expect(state).toEqual({ sum: after.isChanged ? 8 : 4 });
    expect(folded).toEqual([1, 2, 3, 4]);
  });

  it("with a snapshot of its version counts as folded by it, whatever its functions look like", async () => {
    const { definition, folded } = counterOf({ version: 1, isChanged: true });
    const { fingerprint } = counterOf({ version: 1 }).definition;
    expect((await rehydrate(definition, null, snapshotAt(4, fingerprint), events)).state).toEqual({ sum: 4 });
    expect(folded).toEqual([]);
  });

  it("that is known is folded on from there, and an older snapshot is passed by", async () => {
    const { definition, folded } = counterOf();
    const known = await rehydrate(definition, null, null, events.slice(0, 3));
    expect((await rehydrate(definition, known, snapshotAt(2, definition.fingerprint), events)).state).toEqual({
      sum: 4,
    });
    expect(folded).toEqual([1, 2, 3, 4]);
  });

  it("of a snapshot is frozen as any other is", async () => {
    const { definition } = counterOf();
    const { state } = await rehydrate(definition, null, snapshotAt(2, definition.fingerprint), []);
    expect(Object.isFrozen(state)).toBe(true);
  });
});
