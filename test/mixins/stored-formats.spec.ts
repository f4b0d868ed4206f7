import Database from "better-sqlite3";
import { caughtUp, cleanUp, eventually, newFolder, startBroker } from "../support/broker.ts";
import { appendTo, Watched, watchService } from "./watch.ts";

afterEach(cleanUp);

/** The stored state of this key, and a change of its format as a newer version would make it. */
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
  const renew = () => {
    const newer = text().replace('"$format":1', '"$format":2');
    inFile((db) => db.prepare("UPDATE state SET value = ? WHERE key = ?").run(newer, key));
    return newer;
  };
  return { text, renew };
}

describe("State of a newer version", () => {
  it.each([
    ["a checkpoint", "state/subscription/watch"],
    ["the control state", "control/subscription/watch"],
  ])("makes a consumer wait, which neither begins anew nor writes over it: %s", async (_, key) => {
    const folder = newFolder();
    const watched = new Watched();
    const one = await startBroker([watchService({ folder, watched })]);
    await appendTo(one, "a", "b");
    await one.call("watch.pause");
    await one.call("watch.resume");
    await caughtUp(one, "watch");
    await one.stop();
    const state = stored(folder, key);
    const newer = state.renew();
    const two = await startBroker([watchService({ folder, watched })]);
    await eventually(async () =>
      expect(await two.call("watch.status")).toMatchObject({
        state: "waiting",
        cause: expect.stringMatching(/written by a newer version of moleculer-event-sourcing: format of .*: found 2/),
      }),
    );
    await two.stop();
    expect(state.text()).toBe(newer);
    expect(watched.seen).toEqual([1, 2]);
  });
});
