import { PageProgress } from "../../mixins/process-manager/page-progress.ts";
import type { RecordedEvent } from "moleculer-event-sourcing";

const event = (position: number): RecordedEvent => ({
  id: `e-${position}`,
  type: "a.b",
  stream: "s",
  version: position,
  position,
  time: "",
  payload: {},
  meta: { correlationId: "c", causationId: "c" },
});

describe("The progress through a page", () => {
  it("passes an event that belongs to two processes after both have handled it", () => {
    const [one, two] = [event(1), event(2)];
    const progress = new PageProgress([one, two]);
    progress.expect(one, 2);
    expect(progress.note(two)).toBeNull();
    expect(progress.note(one)).toBeNull();
    expect(progress.isDone).toBe(false);
    expect(progress.note(one)).toBe(two);
    expect(progress.isDone).toBe(true);
  });
});
