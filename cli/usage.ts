import { parseArgs } from "node:util";

/** An error in the arguments of the command line. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const help = `npx moleculer-event-sourcing copy <from> <to> [--name <store>] [--to-name <store>]
npx moleculer-event-sourcing restore <index> <to> [--name <store>]
npx moleculer-event-sourcing pause <log> [--name <store>]
npx moleculer-event-sourcing --version

copy copies the log of an event store into another place, on any engine: events without changes, links, checkpoints,
processes and all other state of the store's consumers. Tables that were folded from the log continue with the copy.

<from>, <to>, <log>
              connection strings, as for the option adapter:
              sqlite:data/shop.db, nats://localhost:4222, mongodb://localhost:27017/shop, postgres://me@db/shop
--name        the event store's name; required if the log is on a server
--to-name     its name in the new place, if that differs

Stop the store's hosts first: nothing is copied while one is running. To continue an interrupted copy, run the command
again. No store opens the copy until it is finished and compared with its source. A copy that was finished before is
compared again.

restore restores a log on a server (NATS, MongoDB) that has lost all events or the last ones. It copies every event and
link from a host's index, data/<store>.index.db. Checkpoints and processes are those that the server still has, because
an index contains none. Stop the store's hosts first, and take the index with the most events. To continue an interrupted
restore, run the command again.

pause pauses the pump, all subscriptions and all process managers of a log before its hosts are started, such as those of
a restored log: nothing is sent and no deadline fires. Tables fold, and reads and commands work. It prints where the log
and their checkpoints end. The pause lasts, across restarts too, until \`call <store>.resumeAll\`, or for one of them
until its \`resume\`.

Exit codes: 0 success, 1 failure (such as a copy that is not whole), 2 wrong arguments, 130 interrupted.
`;

export interface CopyArguments {
  from: string;
  to: string;
  name?: string;
  toName?: string;
}

export interface RestoreArguments {
  /** The path of a host's index. */
  index: string;
  to: string;
  name?: string;
}

export interface PauseArguments {
  log: string;
  name?: string;
}

/** Parses the arguments of `copy`. @throws UsageError */
export function parseCopyArguments(args: readonly string[]): CopyArguments {
  const { places, values } = parse("copy", args, ["<from>", "<to>"], ["name", "to-name"]);
  const { name, "to-name": toName } = values;
  return {
    from: places[0],
    to: places[1],
    ...(name !== undefined && { name }),
    ...(toName !== undefined && { toName }),
  };
}

/** Parses the arguments of `restore`. @throws UsageError */
export function parseRestoreArguments(args: readonly string[]): RestoreArguments {
  const { places, values } = parse("restore", args, ["<index>", "<to>"], ["name"]);
  const { name } = values;
  return { index: places[0], to: places[1], ...(name !== undefined && { name }) };
}

/** Parses the arguments of `pause`. @throws UsageError */
export function parsePauseArguments(args: readonly string[]): PauseArguments {
  const { places, values } = parse("pause", args, ["<log>"], ["name"]);
  const { name } = values;
  return { log: places[0], ...(name !== undefined && { name }) };
}

function parse<const Expected extends readonly string[]>(
  command: string,
  args: readonly string[],
  expected: Expected,
  options: readonly string[],
) {
  const { values, positionals: found } = parsed(command, args, options);
  if (found.length !== expected.length)
    throw new UsageError(
      `${command}: found ${placesOf(found.length)}, expected ${inWords[expected.length]}: ${expected.join(" ")}`,
    );
  return { places: found as { [Index in keyof Expected]: string }, values: values as Partial<Record<string, string>> };
}

const placesOf = (count: number): string => (count === 1 ? "1 place" : `${count} places`);
const inWords = ["none", "one", "two"];

function parsed(command: string, args: readonly string[], options: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: Object.fromEntries(options.map((name) => [name, { type: "string" as const }])),
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(`${command}: ${(error as Error).message}`);
  }
}
