import { parseArgs } from "node:util";

/** What was typed is not what the program takes. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const help = `npx moleculer-event-sourcing copy <from> <to> [--name <store>] [--to-name <store>]
npx moleculer-event-sourcing --version

Copies the log of an event store into another place, on any engine: events as they are, links, checkpoints, processes and
whatever else the store's consumers keep. What was folded from the log goes on with the copy.

<from>, <to>  connection strings as the option adapter takes them:
              sqlite:data/shop.db, nats://localhost:4222, mongodb://localhost:27017/shop, postgres://me@db/shop
--name        the event store's name; needed where one of the two is on a server
--to-name     its name in the new place, where that is another

Stop the store's hosts first: while one runs, nothing is copied. An interrupted copy goes on where it was when it is
started again; until it is finished and compared with its source, no store opens it. A copy that was finished before is
compared once more. Exit codes: 0 the copy is whole, 1 it is not, 2 wrong arguments, 130 interrupted.
`;

export interface CopyArguments {
  from: string;
  to: string;
  name?: string;
  toName?: string;
}

/** @throws UsageError */
export function parseCopyArguments(args: readonly string[]): CopyArguments {
  const { values, positionals } = parse(args);
  const [from, to] = positionals;
  if (from === undefined || to === undefined || positionals.length > 2)
    throw new UsageError(
      `copy: found ${positionals.length === 1 ? "1 place" : `${positionals.length} places`}, expected two: <from> <to>`,
    );
  const { name, "to-name": toName } = values;
  return { from, to, ...(name !== undefined && { name }), ...(toName !== undefined && { toName }) };
}

function parse(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      options: { name: { type: "string" }, "to-name": { type: "string" } },
      allowPositionals: true,
    });
  } catch (error) {
    throw new UsageError(`copy: ${(error as Error).message}`);
  }
}
