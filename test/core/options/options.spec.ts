import { Aggregate, EventStore } from "moleculer-event-sourcing";

/** Options as a caller without types would pass them. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- it is the assertion that each call names
const untyped = <Options>(options: object) => options as Options;

describe("A misspelt option", () => {
  const events = EventStore("options");

  it.each([
    [
      "EventStore",
      () => EventStore("x", untyped({ adaptor: "sqlite:x.db" })),
      /x\.adaptor: found "adaptor", expected one of the options adapter.*\(did you mean adapter\?\)/,
    ],
    ["the pump", () => EventStore("x", { pump: untyped({ batch: 1 }) }), /x\.pump\.batch/],
    [
      "Aggregate",
      () =>
        Aggregate(
          "t",
          untyped<Parameters<typeof Aggregate>[1]>({ eventStore: events, fields: { a: "string" }, onEror: {} }),
        ),
      /t\.onEror/,
    ],
    [
      "onError",
      () => Aggregate("t", { eventStore: events, fields: { a: "string" }, onError: untyped({ retry: 3 }) }),
      /t\.onError\.retry/,
    ],
    [
      "a field",
      () => Aggregate("t", { eventStore: events, fields: { a: untyped({ type: "string", uniqe: true }) } }),
      /t\.fields\.a\.uniqe/,
    ],
    [
      "expectedVersion",
      () => events.mapAction("a.b", { expectedVersion: untyped<"any">({}) }),
      /options: a\.b\.expectedVersion/,
    ],
  ])("of %s is refused where it is written", (_where, define, message) => {
    expect(define).toThrow(message);
    expect(define).toThrow(expect.objectContaining({ code: 500, type: "DEFINITION" }));
  });
});
