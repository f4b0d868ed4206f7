#!/usr/bin/env node
import { withoutPassword } from "../core/without-password.ts";
import { copyCommand } from "./copy-command.ts";
import { help, UsageError } from "./usage.ts";

/** 0: done; 1: it failed, or what it was told of is not as it should be; 2: it was not told what to do. */
async function run(args: readonly string[]): Promise<number> {
  const [command, ...rest] = args;
  if (command === undefined || args.includes("--help") || args.includes("-h")) {
    process.stdout.write(help);
    return command === undefined ? 2 : 0;
  }
  try {
    if (command !== "copy") throw new UsageError(`found the command ${withoutPassword(command)}, expected copy`);
    await copyCommand(rest);
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

// The place where indexes stand is cleared away at the end, so that the process must not die in between.
process.once("SIGINT", () => process.exit(130));
process.once("SIGTERM", () => process.exit(143));
process.exitCode = await run(process.argv.slice(2));
