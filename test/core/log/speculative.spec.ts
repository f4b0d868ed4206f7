import { speculationProblem, contentOf, speculativeEvent } from "../../../core/log/speculative.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

const body = { type: "thing.changed", payload: { amount: 1 } };

function isLookedAt(look: (event: RecordedEvent) => unknown): boolean {
  let looks = 0;
  look(speculativeEvent(body, "thing-1", 3, () => void looks++));
  return looks > 0;
}

describe("An event that is not stored yet", () => {
  it("tells its type, stream, version and payload", () => {
    let looks = 0;
    const { type, stream, version, payload } = speculativeEvent(body, "thing-1", 3, () => void looks++);
    expect({ type, stream, version, payload, looks }).toEqual({ ...body, stream: "thing-1", version: 3, looks: 0 });
  });

  it("has the names of a recorded event, in their order", () => {
    const names = ["id", "type", "stream", "version", "position", "time", "payload", "meta"];
    expect(Object.keys(speculativeEvent(body, "thing-1", 3, () => {}))).toEqual(names);
  });

  it.each<[string, (event: RecordedEvent) => unknown]>([
    ["its id", ({ id }) => id],
    ["its position", ({ position }) => position],
    ["its time", (event) => event.time],
    ["its meta", ({ meta }) => meta],
    ["all of it, by a spread", (event) => ({ ...event })],
    ["what is left of it", ({ type, ...rest }) => [type, rest]],
    ["all of it, as JSON", (event) => JSON.stringify(event)],
    ["a copy of it", (event) => structuredClone(event)],
    ["all of it, inside something else", (event) => JSON.stringify({ last: [event] })],
    ["its values", (event) => Object.values(event)],
  ])("tells when somebody looks at %s", (_what, look) => {
    expect(isLookedAt(look)).toBe(true);
  });
});

describe("The content of events", () => {
  it("is another where a payload, its order, a type or their number is another", () => {
    const event = (type: string, payload: object) => ({ type, payloadText: JSON.stringify(payload) });
    const one = event("a", { x: 1, y: 2 });
    const others = [
      [event("b", { x: 1, y: 2 })],
      [event("a", { y: 2, x: 1 })],
      [event("a", { x: "1", y: 2 })],
      [one, one],
      [event("a", { x: '1,"y":2}\na\n{' })],
    ];
    expect(new Set([[one], ...others].map(contentOf)).size).toBe(6);
    expect(contentOf([{ ...one }])).toBe(contentOf([one]));
  });
});

describe("The speculation of an append", () => {
  it("is {id, dependsOn, content}, and nothing else is taken for it", () => {
    expect(speculationProblem({ id: "1", dependsOn: null, content: "c" })).toBeNull();
    expect(speculationProblem({ id: "2", dependsOn: "1", content: "c" })).toBeNull();
    for (const found of [null, 5, {}, { id: 1, dependsOn: null, content: "c" }, { id: "1", content: "c" }])
      expect(speculationProblem(found)).toMatchObject({ field: "speculation", found });
  });
});
