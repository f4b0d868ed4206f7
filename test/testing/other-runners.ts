// Under node:test, as somebody with another runner has it: the first passes, the others fail, each in its own way.
import { it } from "node:test";
import { Decider, EventStore } from "moleculer-event-sourcing";
import { scenario } from "moleculer-event-sourcing/testing";

const counter = Decider("counter", {
  eventStore: EventStore<{ "counter.raised": { by: number } }>("counters"),
  initialState: () => 0,
  commands: {
    raise: {
      params: { by: "number" },
      decide(count, { by }) {
        if (count + by > 10) throw new RangeError("too much");
        return { type: "counter.raised", payload: { by } };
      },
    },
  },
  evolve: { "counter.raised": (count, { payload }) => count + payload.by },
});

const raise = (by: number) => scenario(counter).given().when("raise", { id: "1", by });
const raised = (by: number) => ({ type: "counter.raised", payload: { by } }) as const;

void it("right", () => raise(1).then(raised(1)));
void it("other events", () => raise(1).then(raised(2)));
void it("refused", () => raise(11).then(raised(11)));
void it("forgotten", async () => raise(1) as unknown as Promise<void>);
