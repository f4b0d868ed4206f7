#!/usr/bin/env node
// The command line: parses the command, runs it, and sets the exit code.
import "../core/errors/node-version.ts";
import { version } from "../core/version.ts";
import { withoutPassword } from "../core/errors/without-password.ts";
import { copyCommand } from "./copy-command.ts";
import { deployedCommand } from "./deployed-command.ts";
import { pauseCommand } from "./pause-command.ts";
import { restoreCommand } from "./restore-command.ts";
import { help, UsageError } from "./usage.ts";

const commands: Record<string, typeof copyCommand> = {
  copy: copyCommand,
  restore: restoreCommand,
  pause: pauseCommand,
  deployed: deployedCommand,
};

/** The position up to which the log is copied; null while unknown. */
let copied: number | null = null;

/** Runs a command. Returns the exit code: 0 for success, 1 for a failure, 2 for wrong arguments. */
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
        `found the command ${withoutPassword(command)}, expected ${Object.keys(commands).join(", ")}`,
      );
    await run(rest, (position) => (copied = position));
    return 0;
  } catch (error) {
    const { message, stack } = error as Error;
    const isUsage = error instanceof UsageError;
    // The package's own errors are meant for operators. For any other error, the stack is needed.
    const isOurs = isUsage || typeof (error as { type?: unknown }).type === "string";
    process.stderr.write(`${isOurs ? message : stack}\n${isUsage ? "Run it with --help for the arguments.\n" : ""}`);
    return isUsage ? 2 : 1;
  }
}

function interrupt(code: number): never {
  // The cursor may be in the line of a progress bar.
  if (process.stderr.isTTY) process.stderr.write("\n");
  process.stderr.write(
    `Interrupted${copied === null ? "" : ` after event ${copied}`}; run the command again to continue.\n`,
  );
  process.exit(code);
}

// A closed pipe (`| head`) must not abort a copy: only its output is lost.
for (const stream of [process.stdout, process.stderr]) stream.on("error", () => {});

// Exits in a handler, because `exit` removes the temporary indexes. The handlers stay for a second signal: a terminal
// signals the whole process group, and npx may forward the signal as well.
process.on("SIGINT", () => interrupt(130));
process.on("SIGTERM", () => interrupt(143));
void run(process.argv.slice(2)).then((code) => (process.exitCode = code));
