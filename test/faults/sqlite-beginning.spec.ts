import { copyFileSync, cpSync, readdirSync, renameSync, rmSync, statSync, truncateSync, writeFileSync } from "node:fs";
import Database from "better-sqlite3";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { SqliteEventLog, type SqliteLogOptions } from "../../adapters/sqlite/event-log.ts";
import { appendTo, appended, many } from "../../testing/event-log/requests.ts";
import { caughtUp, cleanUp, newFolder, refusal, startBroker } from "../support/broker.ts";
import { hostElsewhere, killHosts } from "../adapters/sqlite-child.ts";

let folder: string;
let file: string;

beforeEach(() => {
  folder = newFolder();
  file = `${folder}/events.db`;
});

afterEach(async () => {
  await killHosts();
  await cleanUp();
});

async function open(options: SqliteLogOptions = {}): Promise<SqliteEventLog> {
  const log = new SqliteEventLog(file, options);
  await log.open();
  return log;
}

async function headAfterStart(options: SqliteLogOptions = {}): Promise<number> {
  const log = await open(options);
  try {
    // It accepts appends, too.
    const [event] = await appended(log, appendTo("probe"));
    return event!.position - 1;
  } finally {
    await log.close();
  }
}

const refusedStart = async () => {
  const before = contents();
  const error = await refusal(() => open());
  expect(error).toMatchObject({ type: "UNUSABLE_STORE", code: 500, retryable: false });
  expect(contents()).toEqual(before);
  return error.message;
};

/** The files that a refused start must not change. */
const contents = () =>
  ["", "-wal"].map((suffix) => {
    const found = statSync(file + suffix, { throwIfNoEntry: false });
    return found ? [found.size, found.mtimeMs] : null;
  });

/** A backup of 10 events, and a log with further events whose host was killed. */
async function killedAfter(
  events: number,
  backupBy: "backup" | "VACUUM INTO" | "copy" = "backup",
  characters = 0,
): Promise<string> {
  const backup = `${folder}/backup.db`;
  const log = await open();
  await log.append([appendTo("a", many(10))]);
  if (backupBy === "backup") await log.backup(backup);
  await log.close();
  if (backupBy === "copy") copyFileSync(file, backup);
  if (backupBy === "VACUUM INTO") {
    const db = new Database(file);
    db.prepare("VACUUM INTO ?").run(backup);
    db.close();
  }
  const { kill } = await hostElsewhere("log", file, events, characters);
  await kill();
  expect(statSync(`${file}-wal`).size).toBeGreaterThan(0);
  return backup;
}

const putOver: Record<string, (backup: string) => void> = {
  "written over it": (backup) => copyFileSync(backup, file),
  "put in its place": (backup) => renameSync(backup, file),
};

describe.each(["backup", "VACUUM INTO", "copy"] as const)("A log whose host was killed, and an older %s", (by) => {
  describe.each(Object.entries(putOver))("%s", (_, put) => {
    // With long ones, the -wal was moved into the file and restarted.
    it.each([0, 100_000])("is refused while the -wal of 90 events of %p characters is there", async (characters) => {
      put(await killedAfter(90, by, characters));
      const message = await refusedStart();
      expect(message).toContain("that does not belong to the file");
      expect(message).toContain(`remove ${file}-wal`);
    });

    it("is opened when the -wal was removed", async () => {
      put(await killedAfter(90, by));
      await refusedStart();
      for (const suffix of ["-wal", "-shm"]) rmSync(file + suffix);
      expect(await headAfterStart()).toBe(10);
    });
  });
});

describe("A log whose host was killed", () => {
  it("is opened with everything that was acknowledged, also in another folder", async () => {
    await killedAfter(90);
    cpSync(folder, `${folder}-copy`, { recursive: true });
    expect(await headAfterStart()).toBe(100);
    file = `${folder}-copy/events.db`;
    expect(await headAfterStart()).toBe(100);
    rmSync(`${folder}-copy`, { recursive: true });
  });

  it("is opened after both its file and its -wal were brought back together", async () => {
    await killedAfter(90);
    for (const suffix of ["", "-wal"]) copyFileSync(file + suffix, `${folder}/kept${suffix}`);
    expect(await headAfterStart()).toBe(100);
    for (const suffix of ["", "-wal"]) renameSync(`${folder}/kept${suffix}`, file + suffix);
    expect(await headAfterStart()).toBe(100);
  });

  it("is refused when its file was removed, emptied or cut, with the -wal left there", async () => {
    await killedAfter(90);
    copyFileSync(file, `${folder}/kept`);
    const put = (size: number | null) => {
      rmSync(file, { force: true });
      if (size === null) return;
      copyFileSync(`${folder}/kept`, file);
      truncateSync(file, size);
    };
    put(null);
    expect(await refusedStart()).toContain("a -wal of");
    put(0);
    expect(await refusedStart()).toContain("a -wal of");
    put(4096);
    await refusedStart();
  });

  it("is opened with a copy of its file when its lock was removed", async () => {
    await killedAfter(90);
    copyFileSync(file, `${folder}/kept`);
    renameSync(`${folder}/kept`, file);
    expect(await refusedStart()).toContain(`if the file is a copy of that one, remove ${file}.lock`);
    rmSync(`${file}.lock`);
    expect(await headAfterStart()).toBe(100);
  });

  it("is refused when something else was written over its -wal", async () => {
    await killedAfter(90);
    writeFileSync(`${file}-wal`, "a diary");
    expect(await refusedStart()).toContain("it is no -wal of SQLite");
  });

  it("is refused with the -wal of another log", async () => {
    await killedAfter(90);
    file = `${folder}/other.db`;
    const { kill } = await hostElsewhere("log", file, 20);
    await kill();
    renameSync(`${folder}/events.db`, file);
    expect(await refusedStart()).toContain("that does not belong to the file");
  });
});

describe("An empty log", () => {
  /** A log and a table of 3 events, whose node has stopped. */
  async function stopped(): Promise<void> {
    const events = EventStore("events", { adapter: `sqlite:${file}` });
    const things = Aggregate("things", { eventStore: events, fields: { n: "integer" } });
    const mixins = [
      events.mixin(),
      things
        .on("thing.made")
        .create(({ id }) => ({ id, n: 1 }))
        .mixin(),
    ];
    const broker = await startBroker([{ name: "thing", mixins }]);
    const made = { type: "thing.made", payload: {} };
    await broker.call("events.append", { stream: "thing-1", events: [made, made, made] });
    await caughtUp(broker, "things");
    await broker.stop();
  }

  const remove = (pattern: RegExp) => {
    for (const name of readdirSync(folder)) if (pattern.test(name)) rmSync(`${folder}/${name}`, { recursive: true });
  };

  it("is begun in an empty folder, and after everything was removed", async () => {
    expect(await headAfterStart()).toBe(0);
    rmSync(folder, { recursive: true });
    expect(await headAfterStart()).toBe(0);
  });

  it("is not begun where the lock of another is left", async () => {
    await stopped();
    rmSync(file);
    expect(await refusedStart()).toContain(`${file}.lock belongs to log`);
    writeFileSync(file, "");
    expect(await refusedStart()).toContain(`${file}.lock belongs to log`);
    new Database(file).exec("VACUUM").close();
    expect(await refusedStart()).toContain(`${file}.lock belongs to log`);
  });

  it("is not begun where tables are left that were folded from a log of its name", async () => {
    await stopped();
    remove(/^events\.db/);
    const message = await refusedStart();
    expect(message).toMatch(/a read table, .*things\/1\.db, that was folded from log .* up to position 3/);
    expect(message).toContain("remove the files of the tables");
    remove(/^things/);
    expect(await headAfterStart()).toBe(0);
  });

  it("is begun beside the tables of a log of another name", async () => {
    await stopped();
    file = `${folder}/more.db`;
    expect(await headAfterStart()).toBe(0);
  });

  it("is not begun in an empty file whose lock is gone", async () => {
    writeFileSync(file, "");
    expect(await refusedStart()).toContain("an empty file");
  });

  it('is begun in spite of all with begin: "anew"', async () => {
    await stopped();
    rmSync(file);
    writeFileSync(`${file}-wal`, "what is left");
    await refusedStart();
    expect(await headAfterStart({ begin: "anew" })).toBe(0);
    expect(await headAfterStart()).toBe(1);
    // An existing log is never started again from 0.
    expect(await headAfterStart({ begin: "anew" })).toBe(2);
  });

  it("is begun again after a kill before its first log was whole", async () => {
    const log = await open();
    await log.close();
    // The remains of such a kill: a lock without a log's identity, and an empty file.
    const db = new Database(`${file}.lock`);
    db.exec("DELETE FROM notes");
    db.close();
    truncateSync(file, 0);
    expect(await headAfterStart()).toBe(0);
  });
});
