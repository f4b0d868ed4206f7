#!/usr/bin/env node
import { createRequire } from "node:module";
import { withoutPassword } from "../core/errors/without-password.ts";
import { copyCommand } from "./copy-command.ts";
import { restoreCommand } from "./restore-command.ts";
import { help, UsageError } from "./usage.ts";

const { version } = createRequire(import.meta.url)("moleculer-event-sourcing/package.json") as { version: string };

const commands: Record<string, typeof copyCommand> = { copy: copyCommand, restore: restoreCommand };

/** The last event that the copy has; null before that is known. */
let copied: number | null = null;

/** 0: done; 1: it failed, or what it was told of is not as it should be; 2: it was not told what to do. */
async function run(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined || args.includes("--help") || args.includes("-h")) {
    process.stdout.write(help);
    return command === undefined ? 2 : 0;
  }
  if (command === "--version") {
    process.stdout.write(`${version}\n`);
    return 0;
  }
  try {
    const run = Object.hasOwn(commands, command) ? commands[command] : undefined;
    if (!run)
      throw new UsageError(
        `found the command ${withoutPassword(command)}, expected ${Object.keys(commands).join(" or ")}`,
      );
    await run(rest, (position) => (copied = position));
    return 0;
  } catch (error) {
    const { message, stack } = error as Error;
    const isUsage = error instanceof UsageError;
    // Our own errors say what is to be done; of any other the stack is all that helps.
    const isOurs = isUsage || typeof (error as { type?: unknown }).type === "string";
    process.stderr.write(`${isOurs ? message : stack}\n${isUsage ? "--help tells what can be said.\n" : ""}`);
    return isUsage ? 2 : 1;
  }
}

function interrupt(code: number): never {
  // On a terminal a bar may stand in this line.
  if (process.stderr.isTTY) process.stderr.write("\n");
  process.stderr.write(`Interrupted${copied === null ? "" : ` after event ${copied}`}; run it again to go on.\n`);
  process.exit(code);
}

// A reader that has gone (`| head`) ends no copy: what it would have been told is lost, and nothing else.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

// The place where indexes stand is cleared away at the end, so that the process must not die in between,
// neither by a second one: a terminal sends it to all of a group, and npx may hand it on.
process.on("SIGINT", () => interrupt(130));
process.on("SIGTERM", () => interrupt(143));
process.exitCode = await run(process.argv.slice(2));
