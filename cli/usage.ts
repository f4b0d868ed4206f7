import { parseArgs } from "node:util";

/** An error in the arguments of the command line. */
export class UsageError extends Error {
  override name = "UsageError";
}

export const help = `npx moleculer-event-sourcing copy <from> <to> [--name <store>] [--to-name <store>]
npx moleculer-event-sourcing restore <index> <to> [--name <store>]
npx moleculer-event-sourcing pause <log> [--name <store>]
npx moleculer-event-sourcing deployed <cluster> <node>… [--namespace <name>] [--timeout <seconds>]
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

deployed waits until the named nodes of a running system have started, their tables have the rows of their own definition,
and nothing waits or has failed. It prints what it waits for. Name the node that was just replaced; after the last one,
name all. A paused consumer is named, and not waited for. It ends with 1 after the time-out (default: 600 seconds), or
if for ten seconds nothing is left but what does not pass by itself: parked events, a stopped consumer, an event that
only a newer release can read.

<cluster>     a file with broker options, as for moleculer-runner (moleculer.config.js), or nats://localhost:4222
<node>        the nodeID of a node
--namespace   the brokers' namespace, if the file does not have it

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

export interface DeployedArguments {
  /** A file with broker options, or the URL of a NATS server. */
  cluster: string;
  nodes: string[];
  namespace?: string;
  timeoutMs: number;
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

/** Parses the arguments of `deployed`. @throws UsageError */
export function parseDeployedArguments(args: readonly string[]): DeployedArguments {
  const { values, positionals } = parsed("deployed", args, ["namespace", "timeout"]);
  const [cluster, ...nodes] = positionals;
  if (cluster === undefined || nodes.length === 0)
    throw new UsageError(`deployed: found ${placesOf(positionals.length)}, expected at least two: <cluster> <node>`);
  const { namespace, timeout = "600" } = values as Partial<Record<string, string>>;
  if (!/^[1-9]\d{0,5}$/.test(timeout))
    throw new UsageError(`deployed: found --timeout ${timeout}, expected a number of seconds from 1 to 999999`);
  return { cluster, nodes, timeoutMs: Number(timeout) * 1000, ...(namespace !== undefined && { namespace }) };
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
