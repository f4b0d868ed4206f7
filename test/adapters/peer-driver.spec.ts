import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);
const index = new URL("../../index.ts", import.meta.url).href;
const engines = new URL("../../adapters/engines.ts", import.meta.url).href;
const resolving = new URL("../../core/adapter.ts", import.meta.url).href;

const moduleOf = (text: string) => `data:text/javascript,${encodeURIComponent(text)}`;

/** The output of a process without a package. */
async function without(name: string, script: string): Promise<string> {
  // Resolved from a folder without packages, so that Node throws its own error for a missing one.
  const hooks = `export const resolve = (name, context, next) =>
    next(name, name === "${name}" ? { ...context, parentURL: "file:///nowhere/index.js" } : context);`;
  // registerHooks, which is simpler, needs Node 22.15.
  const preload = `import { register } from "node:module"; register(${JSON.stringify(moduleOf(hooks))});`;
  const { stdout } = await run(process.execPath, [
    "--conditions=moleculer-event-sourcing:source",
    "--input-type=module",
    `--import=${moduleOf(preload)}`,
    `--eval=${script}`,
  ]);
  return stdout;
}

describe("The driver of an engine", () => {
  it.each([
    ["nats", "nats://ann:secret@one/", "nats://one/events"],
    ["mongodb", "mongodb://ann:secret@one/shop", "mongodb://one/shop/events"],
    ["pg", "postgres://ann:secret@one/shop", 'postgres://one/shop schema "events"'],
  ])("%s is asked for where it is missing, with the command that installs it", async (name, url, where) => {
    const open = `import { engines } from "${engines}"; import { resolveAdapter } from "${resolving}";
      try { await resolveAdapter(engines, "${url}").eventLog("events").open(); }
      catch ({ type, message, cause }) { console.log(type, message, cause.code); }`;
    expect(await without(name, open)).toBe(
      `UNUSABLE_STORE ${where}: needs the package ${name}, which is not installed: npm i ${name} ERR_MODULE_NOT_FOUND\n`,
    );
  });

  it.each(["nats", "mongodb", "pg"])("%s is not needed unless something is opened there", async (name) => {
    const define = `import { EventStore } from "${index}";
      for (const adapter of ["nats://one", "mongodb://one", "postgres://one/shop"]) EventStore("events", { adapter });
      console.log("defined");`;
    expect(await without(name, define)).toBe("defined\n");
  });
});
