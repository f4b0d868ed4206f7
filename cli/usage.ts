import { parseArgs } from "node:util";

/** An error in the arguments of the command line. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const help = `npx moleculer-event-sourcing copy <from> <to> [--name <store>] [--to-name <store>]
npx moleculer-event-sourcing restore <index> <to> [--name <store>]
npx moleculer-event-sourcing --version

copy copies the log of an event store into another place, on any engine: events without changes, links, checkpoints,
processes and all other state of the store's consumers. Tables that were folded from the log continue with the copy.

<from>, <to>  connection strings, as for the option adapter:
              sqlite:data/shop.db, nats://localhost:4222, mongodb://localhost:27017/shop, postgres://me@db/shop
--name        the event store's name; required if one of the two is on a server
--to-name     its name in the new place, if that differs

Stop the store's hosts first: nothing is copied while one is running. To continue an interrupted copy, run the command
again. No store opens the copy until it is finished and compared with its source. A copy that was finished before is
compared again.

restore restores a log on a server (NATS, MongoDB) that has lost all events or the last ones. It copies every event and
link from a host's index, data/<store>.index.db. Checkpoints and processes are those that the server still has, because
an index contains none. Stop the store's hosts first, and take the index with the most events. To continue an interrupted
restore, run the command again.

Exit codes: 0 the log is whole, 1 it is not, 2 wrong arguments, 130 interrupted.
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

function parse(command: string, args: readonly string[], expected: readonly string[], options: readonly string[]) {
  const { values, positionals } = parsed(command, args, options);
  const [first, second] = positionals;
  if (first === undefined || second === undefined || positionals.length > 2)
    throw new UsageError(
      `${command}: found ${positionals.length === 1 ? "1 place" : `${positionals.length} places`}, expected two: ${expected.join(" ")}`,
    );
  return { places: [first, second] as const, values: values as Partial<Record<string, string>> };
}

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
