import Database from "better-sqlite3";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { appendTo, Watched, watchService } from "./watch.ts";

afterEach(cleanUp);

/** The stored state of this key, and a change of its format number. */
function stored(folder: string, key: string) {
  const inFile = <Answer>(work: (db: Database.Database) => Answer): Answer => {
    const db = new Database(`${folder}/events.db`);
    try {
      return work(db);
    } finally {
      db.close();
    }
  };
  const text = () =>
    inFile((db) => db.prepare<[string], string>("SELECT value FROM state WHERE key = ?").pluck().get(key)!);
  /** Null: without a number. */
  const setFormat = (format: number | null) => {
    const changed = text().replace('"$format":1,', format === null ? "" : `"$format":${format},`);
    inFile((db) => db.prepare("UPDATE state SET value = ? WHERE key = ?").run(changed, key));
    return changed;
  };
  return { text, setFormat };
}

const newer = /written by a newer version of moleculer-event-sourcing: format of .*: found 2/;
const unnumbered =
  /: format of .*: found undefined, expected the number 1: the value has no format number, and was written by another program or by a build before the first release/;

describe("State of another format", () => {
  it.each<[string, string, number | null, RegExp]>([
    ["a checkpoint of a newer version", "state/subscription/watch", 2, newer],
    ["the control state of a newer version", "control/subscription/watch", 2, newer],
    ["a checkpoint without a number", "state/subscription/watch", null, unnumbered],
  ])("makes a consumer wait, which neither begins anew nor writes over it: %s", async (_, key, format, cause) => {
    const folder = newFolder();
    const watched = new Watched();
    const one = await startBroker([watchService({ folder, watched })]);
    await appendTo(one, "a", "b");
    await one.call("watch.pause");
    await one.call("watch.resume");
    await caughtUp(one, "watch");
    await one.stop();
    const state = stored(folder, key);
    const changed = state.setFormat(format);
    const two = await startBroker([watchService({ folder, watched })]);
    await eventually(async () =>
      expect(await two.call("watch.status")).toMatchObject({
        state: "waiting",
        cause: expect.stringMatching(cause) as string,
      }),
    );
    await two.stop();
    expect(state.text()).toBe(changed);
    expect(watched.seen).toEqual([1, 2]);
  });
});
