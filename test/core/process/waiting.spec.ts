import { newProcess, type StoredProcess } from "../../../core/process/stored-process.ts";
import { withoutWaiting, withWaiting } from "../../../core/process/waiting.ts";

const at = (position: number): StoredProcess => ({ ...newProcess(null, "2030-01-01T00:00:00.000Z"), position });

describe("The events of a process that wait", () => {
  it("are the first one's position and a count, however many there are", () => {
    const later = withWaiting(withWaiting(at(4), [6, 9]), [11]);
    expect(later).toMatchObject({ position: 11, waiting: { from: 6, count: 3 } });
  });

  it("are not counted twice when they come again after a crash", () => {
    const once = withWaiting(at(4), [6, 9]);
    expect(withWaiting(once, [6, 9])).toEqual(once);
    expect(withWaiting(once, [9, 12])).toMatchObject({ waiting: { from: 6, count: 3 }, position: 12 });
  });

  it("become fewer from the first on, and none at the last one's position", () => {
    const three = withWaiting(at(4), [6, 9, 11]);
    expect(withoutWaiting(three, 6, 1)).toMatchObject({ position: 11, waiting: { from: 7, count: 2 } });
    expect(withoutWaiting(three, 8, 0)).toMatchObject({ waiting: { from: 9, count: 3 } });
    expect(withoutWaiting(three, 11, 1)).toEqual(at(11));
  });
});
