import assert from "node:assert/strict";
import { existsSync, readdirSync, writeFileSync, mkdirSync, readFileSync } from "node:fs";
import { dirname } from "node:path";
import { refusedAs, refusedAsClosed } from "../kit/refusal.ts";
import { same } from "../kit/same.ts";
import { everything, type LogCases } from "./log-fixture.ts";
import { appendTo, appended, many } from "./requests.ts";

/** Backups of a log. */
export const backups: LogCases = {
  "contains the log's events and identity, and can be appended to": async (fixture) => {
    const log = await fixture.open();
    const events = await appended(log, appendTo("a", many(150)), appendTo("b", many(3)));
    await log.control.put("key", { n: 1 }, 0);
    const { to, port } = fixture.backupOf(log);
    const { position, bytes } = await log.backup(to);
    assert.equal(position, 153);
    assert.ok(bytes > 0);
    await log.append([appendTo("a")]);
    const copy = port();
    await copy.open();
    same(await everything(copy), events);
    assert.equal(await copy.identity(), await log.identity());
    same(await copy.control.get("key"), { value: { n: 1 }, revision: 1 });
    assert.equal((await appended(copy, appendTo("a")))[0]!.position, 154);
    assert.equal(await log.head(), 154);
  },

  "may be one of an empty log": async (fixture) => {
    const log = await fixture.open();
    const { to, port } = fixture.backupOf(log);
    assert.equal((await log.backup(to)).position, 0);
    const copy = port();
    await copy.open();
    assert.equal(await copy.head(), 0);
  },

  "is of one moment, and appends go on meanwhile": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(1000, { payload: "x".repeat(1000) }))]);
    const { to, port } = fixture.backupOf(log);
    const state = { isDone: false };
    const backup = log.backup(to).finally(() => (state.isDone = true));
    while (!state.isDone) {
      await log.append([appendTo("a", many(2)), appendTo("b", many(3))]);
      await new Promise((turn) => setImmediate(turn));
    }
    const { position } = await backup;
    const copy = port();
    await copy.open();
    const events = await everything(copy);
    same(
      events.map((event) => event.position),
      Array.from({ length: position }, (_, index) => index + 1),
    );
    assert.equal((position - 1000) % 5, 0, `a commit was torn at position ${position}`);
    same((await everything(log)).slice(0, position), events);
  },

  "reports its progress": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(3000, { payload: "x".repeat(3000) }))]);
    const seen: [done: number, total: number][] = [];
    await log.backup(fixture.backupOf(log).to, (done, total) => seen.push([done, total]));
    for (const [done, total] of seen) assert.ok(done >= 0 && done <= total, `${done} of ${total}`);
  },

  "overwrites nothing": async (fixture) => {
    const log = await fixture.open();
    const { to } = fixture.backupOf(log);
    mkdirSync(dirname(to), { recursive: true });
    writeFileSync(to, "precious");
    const { message } = await refusedAs("VALIDATION_ERROR", () => log.backup(to));
    assert.match(message, /^to: found .*, expected a path that does not exist yet/);
    assert.equal(readFileSync(to, "utf8"), "precious");
    same(readdirSync(dirname(to)).length, 1);
  },

  "runs alone, and another may follow": async (fixture) => {
    const log = await fixture.open();
    const { to } = fixture.backupOf(log);
    const first = log.backup(to);
    await refusedAs("STORE_UNAVAILABLE", () => log.backup(`${to}.2`));
    await first;
    await log.backup(`${to}.3`);
    same(
      [to, `${to}.2`, `${to}.3`].map((path) => existsSync(path)),
      [true, false, true],
    );
  },

  "leaves nothing where the log is closed meanwhile": async (fixture) => {
    const log = await fixture.open();
    await log.append([appendTo("a", many(3000, { payload: "x".repeat(3000) }))]);
    const { to } = fixture.backupOf(log);
    const refused = refusedAsClosed(() => log.backup(to));
    await log.close();
    await refused;
    same(existsSync(dirname(to)) ? readdirSync(dirname(to)) : [], []);
  },
};

/** The refusal of backups by an engine that does not declare them. */
export const noBackups: LogCases = {
  "refuses one, with the reason": async (fixture) => {
    const log = await fixture.open();
    const { code, retryable } = await refusedAs("BACKUP_UNSUPPORTED", () => log.backup("nowhere/x.db"));
    same({ code, retryable }, { code: 409, retryable: false });
    assert.equal(existsSync("nowhere"), false);
  },
};
