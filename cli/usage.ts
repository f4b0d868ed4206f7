import { parseArgs } from "node:util";

/** What was typed is not what the program takes. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const help = `npx moleculer-event-sourcing copy <from> <to> [--name <store>] [--to-name <store>]
npx moleculer-event-sourcing restore <index> <to> [--name <store>]
npx moleculer-event-sourcing --version

copy copies the log of an event store into another place, on any engine: events as they are, links, checkpoints, processes and
whatever else the store's consumers keep. What was folded from the log goes on with the copy.

<from>, <to>  connection strings as the option adapter takes them:
              sqlite:data/shop.db, nats://localhost:4222, mongodb://localhost:27017/shop, postgres://me@db/shop
--name        the event store's name; needed where one of the two is on a server
--to-name     its name in the new place, where that is another

Stop the store's hosts first: while one runs, nothing is copied. An interrupted copy goes on where it was when it is
started again; until it is finished and compared with its source, no store opens it. A copy that was finished before is
compared once more.

restore puts back a log that a server (NATS, MongoDB) has lost, or the end of it, from what a host has in its index,
data/<store>.index.db: every event and link. Checkpoints and processes are those that the server still has; no index has
any. Stop the store's hosts first; take the index with the most events. An interrupted one goes on when it is started again.

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

/** @throws UsageError */
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

/** @throws UsageError */
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
