import { existsSync } from "node:fs";
import { startCli } from "../cli/cli-process.ts";
import { endCopies, filled, open, sqliteIn } from "../cli/copy-cases.ts";
import { LogLines } from "../mixins/log-lines.ts";
import { pause, pauses, start } from "../cli/pause-cases.ts";
import { newFolder } from "../support/broker.ts";

afterEach(endCopies);

describe("On SQLite", () => {
  pauses((folder) => sqliteIn(folder, "paused"));
});

describe("The command pause", () => {
  it.each([
    ["no log", [], "pause: found 0 places, expected one: <log>"],
    ["two logs", ["sqlite:a.db", "sqlite:b.db"], "pause: found 2 places, expected one: <log>"],
    ["an unknown engine", ["redis://b"], '<log>: found "redis://b", expected one of sqlite:'],
    ["a server without a name", ["nats://127.0.0.1:1"], "pause: found no --name, expected the event store's name"],
    ["an unknown option", ["sqlite:a.db", "--all"], "pause: Unknown option '--all'"],
  ])("refuses %s, and touches nothing", async (_, args, says) => {
    const ended = await startCli(["pause", ...args]);
    expect(ended).toMatchObject({ code: 2, output: "" });
    expect(ended.errors).toContain(says);
    expect(existsSync("a.db")).toBe(false);
  });

  it("refuses a log that is not there, and leaves nothing behind", async () => {
    const log = sqliteIn(newFolder(), "none");
    const ended = await pause(log);
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain("found no log there");
    expect(existsSync(log.slice("sqlite:".length))).toBe(false);
  });

  it("is named by each start of the store, until all is resumed", async () => {
    const folder = newFolder();
    const log = await filled(sqliteIn(folder, "named"), 1);
    await pause(log);
    const warnings = async (resumes: boolean) => {
      const logger = new LogLines();
      const { broker } = await start(log, folder, { logger });
      if (resumes) await broker.call("shopEvents.resumeAll");
      await broker.stop();
      return logger.of("warn", /are paused since "npx moleculer-event-sourcing pause": call shopEvents\.resumeAll/);
    };
    expect(await warnings(false)).toHaveLength(1);
    expect(await warnings(true)).toHaveLength(1);
    expect(await warnings(false)).toEqual([]);
  });

  it("refuses a log with a running host, and pauses nothing", async () => {
    const folder = newFolder();
    const log = sqliteIn(folder, "hosted");
    const { broker } = await open(log, folder);
    expect(await pause(log)).toMatchObject({ code: 1, output: "" });
    expect(await broker.call("shopEvents.status")).toMatchObject({ paused: false });
    await broker.stop();
    await broker.start();
    expect(await broker.call("mails.status")).toMatchObject({ paused: false });
  });
});
