import { v7 } from "uuid";
import { SnapshotFolder } from "../../mixins/aggregate/snapshots/folder.ts";
import { SnapshotHistory } from "../../mixins/aggregate/snapshots/history.ts";
import { cleanUp, newFolder } from "../support/broker.ts";

afterEach(cleanUp);

describe("The history of snapshots", () => {
  it("has the reason of a failed one, also where it is written while the failure is recorded", async () => {
    const folder = new SnapshotFolder(newFolder());
    const recorded: [type: string, payload: object][] = [];
    const record = async (type: string, payload: object) => void recorded.push([type, payload]);
    const history = new SnapshotHistory({ aggregate: "sums", folder, record, warn: () => {} });
    const begun = { id: v7(), table: "sums", node: "one", time: new Date().toISOString() };
    await history.begin(begun);
    // Meanwhile a polling consumer records it in the log.
    await Promise.all([history.fail(begun, new Error("out of luck")), history.recordOutcomes()]);
    expect(recorded.filter(([type]) => type === "$snapshot.failed")).toEqual([
      ["$snapshot.failed", { id: begun.id, table: "sums", node: "one", error: expect.stringContaining("out of luck") }],
    ]);
  });
});
