import type { RebuildRequest } from "../../core/consumer/consumer-control.ts";
import type { Generation } from "../../core/table/read-table.ts";
import { ReportedProgress, type StandbyView } from "../../mixins/aggregate/rebuild/reported-progress.ts";

const generation = (order: string) => ({ origin: { definition: "", requestId: order } }) as Generation;
const order = { id: "order-2", kind: "rebuild", after: "order-1", wasPaused: false } as const;
const progress = { done: 10, total: 40, rate: 5, secondsLeft: 6 };
const told = { node: "first", job: "rebuild", ...progress };
const view: StandbyView = { holder: "first/a", live: generation("order-1") };

/** The status of a standby that has received `heard` and then sees `then`. */
const seen = (heard: object, then: Partial<StandbyView>, last: RebuildRequest | null = order) => {
  const rebuilds = new ReportedProgress();
  rebuilds.note({ ...told, ...heard }, view);
  return rebuilds.at({ ...view, ...then }, last);
};

describe("The progress that a standby has been told", () => {
  it("is that of the node that holds the lease", () => {
    expect(seen({}, {})).toEqual(progress);
    expect(seen({ node: "second" }, {})).toBeNull();
    expect(seen({ node: "firs" }, {})).toBeNull();
  });

  it("ends when the holder reports its end", () => {
    const rebuilds = new ReportedProgress();
    rebuilds.note(told, view);
    rebuilds.note({ ...told, ended: true }, view);
    expect(rebuilds.at(view, order)).toBeNull();
  });

  it("ends without that where another process has the lease, or none", () => {
    expect(seen({}, { holder: "first/b" })).toBeNull();
    expect(seen({}, { holder: null })).toBeNull();
  });

  it("ends without that where the table was switched, or its order has ended", () => {
    expect(seen({}, { live: generation("order-2") })).toBeNull();
    expect(seen({}, {}, { ...order, ended: "it was cancelled" })).toBeNull();
    expect(seen({}, {}, null)).toBeNull();
  });

  it("needs no order where a changed definition is followed", () => {
    expect(seen({ job: "change" }, {}, null)).toEqual(progress);
  });
});
