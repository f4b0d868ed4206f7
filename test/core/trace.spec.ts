import type { RecordedEvent } from "moleculer-event-sourcing";
import { TraceBuilder, type TraceLimits, type TraceNode } from "../../mixins/event-store/actions/trace.ts";

/** "cause > event", with the command in between if the event's meta has one: the events of a log, in order. */
interface GivenEvent {
  id: string;
  cause: string;
  command?: unknown;
}

const recorded = ({ id, cause, command }: GivenEvent, index: number): RecordedEvent => ({
  id,
  type: "thing.happened",
  stream: "thing-1",
  version: index + 1,
  position: index + 1,
  time: "2026-01-01T00:00:00.000Z",
  payload: {},
  meta: { correlationId: "request", causationId: cause, ...(command !== undefined && { $command: command }) },
});

const noLimits = { events: Infinity, depth: Infinity, bytes: Infinity };

function traceOf(events: readonly GivenEvent[], limits: Partial<TraceLimits> = {}) {
  const tracing = new TraceBuilder("request", { ...noLimits, ...limits });
  for (const event of events.map(recorded)) tracing.add(event);
  return tracing.trace;
}

type Shape = { [node: string]: Shape };

/** The tree by names alone: commands as "name id", events by their ids. */
const shapeOf = (nodes: readonly TraceNode[]): Shape =>
  Object.fromEntries(
    nodes.map((node) => [node.kind === "event" ? node.id : `${node.name} ${node.id}`, shapeOf(node.caused)]),
  );

const shape = (events: readonly GivenEvent[]) => shapeOf(traceOf(events).tree);

const deposit = { id: "c1", name: "account.deposit" };
const mail = { id: "c2", name: "mail.send" };

describe("A trace", () => {
  it("has what events are found by, and none of their payload and meta", () => {
    expect(traceOf([{ id: "a", cause: "call" }])).toEqual({
      correlationId: "request",
      events: 1,
      position: 0,
      end: true,
      tree: [
        {
          kind: "command",
          id: "call",
          name: null,
          caused: [
            {
              kind: "event",
              id: "a",
              type: "thing.happened",
              stream: "thing-1",
              version: 1,
              position: 1,
              time: "2026-01-01T00:00:00.000Z",
              caused: [],
            },
          ],
        },
      ],
    });
  });

  it("begins with the causes that are no events of it", () => {
    const events = [
      { id: "a", cause: "call 1" },
      { id: "b", cause: "call 2" },
      { id: "c", cause: "call 1" },
    ];
    expect(shape(events)).toEqual({ "null call 1": { a: {}, c: {} }, "null call 2": { b: {} } });
  });

  it("shows under each event what it led to, by the command that stored it where there is one", () => {
    const events = [
      { id: "a", cause: "call", command: deposit },
      { id: "b", cause: "call", command: deposit },
      { id: "c", cause: "a", command: mail },
      { id: "d", cause: "a" },
      { id: "e", cause: "d" },
      { id: "f", cause: "a", command: mail },
      { id: "g", cause: "b", command: mail },
    ];
    expect(shape(events)).toEqual({
      "account.deposit c1": {
        a: { "mail.send c2": { c: {}, f: {} }, d: { e: {} } },
        b: { "mail.send c2": { g: {} } },
      },
    });
  });

  it("keeps two commands of one id apart", () => {
    const events = [
      { id: "a", cause: "call", command: { id: "c1", name: "account.withdraw" } },
      { id: "b", cause: "call", command: deposit },
    ];
    expect(shape(events)).toEqual({ "account.withdraw c1": { a: {} }, "account.deposit c1": { b: {} } });
  });

  it("takes no command from meta that is none", () => {
    const strange = [null, 5, "c1", [], {}, { id: "c1" }, { id: 1, name: "x" }, { id: "c1", name: null }];
    expect(shape(strange.map((command, index) => ({ id: `e${index}`, cause: "call", command })))).toEqual({
      "null call": Object.fromEntries(strange.map((_, index) => [`e${index}`, {}])),
    });
  });

  it("accepts causes that come after their effects, and events that cause themselves", () => {
    const events = [
      { id: "a", cause: "b" },
      { id: "b", cause: "a" },
      { id: "c", cause: "c" },
    ];
    expect(shape(events)).toEqual({ "null b": { a: { b: {} } }, "null c": { c: {} } });
  });

  it("is cut at its limits, and says so", () => {
    const row = Array.from({ length: 10 }, (_, index) => ({ id: `e${index}`, cause: "call" }));
    expect(traceOf(row, { events: 10 })).toMatchObject({ events: 10, end: true });
    const cut = traceOf(row, { events: 9 });
    expect(cut).toMatchObject({ events: 9, end: false });
    expect(Object.keys(shapeOf(cut.tree)["null call"]!)).toEqual(row.slice(0, 9).map(({ id }) => id));
    const { events, end } = traceOf(row, { bytes: 1500 });
    expect(end).toBe(false);
    expect(events).toBeGreaterThan(2);
    expect(events).toBeLessThan(6);
  });

  it("ends where a chain is too long, and goes on with the others", () => {
    const chain = Array.from({ length: 10 }, (_, index) => ({ id: `e${index}`, cause: `e${index - 1}` }));
    const cut = traceOf([...chain, { id: "other", cause: "e0" }], { depth: 3 });
    expect(cut).toMatchObject({ events: 4, end: false });
    expect(shapeOf(cut.tree)).toEqual({ "null e-1": { e0: { e1: { e2: {} }, other: {} } } });
  });
});
