import { existsSync, readFileSync } from "node:fs";
import Database from "better-sqlite3";
import { newFolder, refusal, startBroker } from "../support/broker.ts";
import { startCli } from "../cli/cli-process.ts";
import { checksumsIn, copies, copy, endCopies, filled, logAt, sqliteIn } from "../cli/copy-cases.ts";
import { changeHistory } from "../support/change-history.ts";
import { shop } from "../cli/shop.ts";

afterEach(endCopies);

describe("On SQLite", () => {
  copies((folder) => sqliteIn(folder, "copy"));
});

describe("The command copy", () => {
  const refused = (code: number, says: string) => ({
    code,
    output: "",
    errors: expect.stringContaining(says) as string,
  });
  const nats = "nats://127.0.0.1:1";
  const expectedEngines = "expected one of sqlite:, mongodb:, mongodb+srv:, nats:, postgres:, postgresql:";

  it("says how it is called", async () => {
    expect((await startCli(["--help"])).output).toContain("copy <from> <to>");
    expect(await startCli(["copy", "--help"])).toMatchObject({ code: 0, errors: "" });
    expect(await startCli([])).toMatchObject({ code: 2 });
    const { version } = JSON.parse(readFileSync("package.json", "utf8")) as { version: string };
    expect(await startCli(["--version"])).toEqual({ code: 0, output: `${version}\n`, errors: "" });
  });

  it.each([
    ["another command", ["move", "a", "b"], "found the command move, expected copy"],
    ["no command", ["postgres://shop:secret@db/shop"], "found the command postgres://shop:***@db/shop, expected copy"],
    ["an engine that is none", ["copy", "sqlite:a.db", "pg://a:secret@db"], '<to>: found "pg://a:***@db"'],
    ["one place", ["copy", "sqlite:a.db"], "found 1 place, expected two"],
    ["three places", ["copy", "sqlite:a.db", "sqlite:b.db", "c"], "found 3 places, expected two"],
    ["an unknown option", ["copy", "sqlite:a.db", "sqlite:b.db", "--force"], "--force"],
    ["an unknown engine", ["copy", "sqlite:a.db", "redis://b"], `<to>: found "redis://b", ${expectedEngines}\n`],
    ["a path alone", ["copy", "a.db", "sqlite:b.db"], `<from>: found "a.db", ${expectedEngines}\n`],
    ["a wrong option of an engine", ["copy", "sqlite:a.db?x=1", "sqlite:b.db"], "<from>: adapter.x"],
    ["what ends with the process", ["copy", "memory:a", "sqlite:b.db"], `found "memory:a", ${expectedEngines}\n`],
    ["a server without a name", ["copy", "sqlite:a.db", nats], "found no --name"],
    ["a server without a name for the copy", ["copy", nats, "sqlite:a.db", "--to-name", "x"], "found no --name"],
    ["the same file", ["copy", "sqlite:a.db", "sqlite:./a.db"], "expected two places"],
    ["the same store", ["copy", nats, nats, "--name", "x"], "expected two places"],
  ])("refuses %s, and touches nothing", async (_, args, says) => {
    const ended = await startCli(args);
    expect(ended).toEqual(refused(2, says));
    expect(ended.errors).toContain("--help");
  });

  it("refuses a source that is not there, and leaves nothing behind", async () => {
    const [from, to] = [sqliteIn(newFolder(), "from"), sqliteIn(newFolder(), "to")];
    expect(await copy(from, to)).toEqual(refused(1, "found no log there"));
    for (const place of [from, to]) expect(existsSync(place.slice("sqlite:".length))).toBe(false);
  });

  it("refuses a target in which something is, and leaves it as it was", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 10), await filled(sqliteIn(folder, "to"), 3)];
    expect(await copy(from, to)).toEqual(refused(1, `${folder}/to.db: found another log at <to>, expected none`));
    const log = logAt(to);
    await log.open();
    expect(await log.head()).toBe(3);
    await log.close();
  });

  it("says of a copy that is finished that it is whole, until one of the two has gone on", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 10), sqliteIn(folder, "to")];
    expect(await copy(from, to)).toMatchObject({ code: 0 });
    const again = await copy(from, to);
    expect(again).toMatchObject({ code: 0, errors: "" });
    expect(again.output).toMatch(
      /^The copy was finished before, and is whole\.\nIt contains its source up to event 10\./m,
    );
    await filled(to, 1);
    const late = await copy(from, to);
    expect(late.code).toBe(1);
    expect(late.errors).toContain(
      `${folder}/to.db: <to> is a copy of <from> that was finished before, and one of the two has changed since`,
    );
    expect(late.errors).toContain("found event 11, expected nothing more");
    expect(late.errors).toContain("choose another place: another file");
  });

  it("says where it was interrupted, and goes on there", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 20_000), sqliteIn(folder, "to")];
    const ended = await startCli(["copy", from, to], (_, kill) => kill("SIGINT"));
    expect(ended.code).toBe(130);
    expect(ended.errors).toMatch(/^Interrupted after event \d+; run the command again to continue\.\n$/);
    const after = /\d+/.exec(ended.errors)![0];
    const { code, output } = await copy(from, to);
    expect(output).toContain(`An interrupted copy continues after event ${after}.\n`);
    expect(code).toBe(0);
  });

  it("refuses a source that a store has open", async () => {
    const folder = newFolder();
    const log = logAt(await filled(sqliteIn(folder, "from"), 10));
    await log.open();
    const ended = await copy(sqliteIn(folder, "from"), sqliteIn(folder, "to"));
    expect(ended).toEqual(refused(1, "is hosted by another process"));
    await log.close();
  });

  it("refuses a source that is an unfinished copy", async () => {
    const folder = newFolder();
    const [from, half] = [await filled(sqliteIn(folder, "from"), 20_000), sqliteIn(folder, "half")];
    await startCli(["copy", from, half], (_, kill) => kill());
    const ended = await copy(half, sqliteIn(folder, "to"));
    expect(ended).toEqual(refused(1, "<from> is an unfinished copy, expected a finished one"));
  });

  it("refuses a time that is still to come, and takes it when it has come", async () => {
    const folder = newFolder();
    const from = await filled(sqliteIn(folder, "from"), 10);
    const later = (sql: string, ...values: string[]) => {
      const db = new Database(from.slice("sqlite:".length));
      changeHistory(db, () => void db.prepare(sql).run(...values));
      db.close();
    };
    later("UPDATE events SET time = '2999-01-01T00:00:00.000Z' WHERE position = 10");
    const early = await copy(from, sqliteIn(folder, "to"));
    expect(early).toEqual(
      refused(1, "event 10 has the time 2999-01-01T00:00:00.000Z, expected one before this machine's clock"),
    );
    later("UPDATE events SET time = ? WHERE position = 10", new Date().toISOString());
    expect(await copy(from, sqliteIn(folder, "to"))).toMatchObject({ code: 0 });
  });

  it("names the first difference between a copy and its source, and keeps the copy from being opened", async () => {
    const folder = newFolder();
    const [from, to] = [await filled(sqliteIn(folder, "from"), 20_000), sqliteIn(folder, "to")];
    await startCli(["copy", from, to], (_, kill) => kill());
    const db = new Database(to.slice("sqlite:".length));
    changeHistory(db, "UPDATE events SET payload = '{\"number\":-1}' WHERE position IN (4, 7)");
    db.close();
    const ended = await copy(from, to);
    expect(ended.code).toBe(1);
    expect(ended.errors).toContain('event 4, payload: found {"number":-1}, expected {"number":3}');
    expect(new Set(checksumsIn(ended.output)).size).toBe(2);
    const broker = startBroker([shop(to, folder, { folded: [], handled: [] })]);
    expect((await refusal(() => broker)).message).toContain("unfinished copy");
  });
});
