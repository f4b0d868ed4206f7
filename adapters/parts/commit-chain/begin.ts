import { randomUUID } from "node:crypto";
import { MissingLogError, UnusableStoreError } from "../../../core/errors/errors.ts";
import { addRecord } from "./add-record.ts";
import type { KeyValues, CommitChain } from "./commit-chain.ts";
import { beginOf, toRecords, type Begin } from "./record.ts";

/** The log of a host's index, if the index has events. */
export interface KnownLog {
  identity: string;
  head: number;
  /** The file of the index. */
  path: string;
}

export interface BeginOptions {
  /** The identity of the log that is copied here; omitted for a new log. */
  identity?: string;
  /** Whether to create a log that does not exist. */
  create: boolean;
  /** The option `begin: "anew"`: traces of a lost log are ignored. */
  isAnew: boolean;
}

/** The key with the identity of the log that the control state belongs to: its first change. */
const markKey = "log";
const keysPerPage = 500;

/**
 * Reads the log's identity from the first record of the chain. The first host creates it: it marks the control state,
 * and then adds the record. So a chain without marked control state, or marked control state with changes but no chain,
 * shows a loss.
 * @throws MissingLogError if the log does not exist and `create` is false; UnusableStoreError if a part of it was lost
 */
export async function identityIn(
  chain: CommitChain,
  known: KnownLog | null,
  { identity, create, isAnew }: BeginOptions,
): Promise<string> {
  for (;;) {
    const { records } = await chain.read(0, 1);
    if (records[0] !== undefined) {
      const begin = beginOf(chain.location, records[0]);
      await checkMark(chain, begin, create && isAnew);
      return begin.identity;
    }
    if (!create) throw new MissingLogError(chain.location);
    if (known && known.identity !== identity && !isAnew)
      throw lost(chain, `its index ${known.path} has ${known.head} events of log ${known.identity}`);
    const marked = await mark(chain, identity, isAnew);
    if (marked === null) continue;
    const change = { begin: { identity: marked, isMarked: true } };
    await addRecord(chain, 1, toRecords({ id: randomUUID(), after: "", change }, chain.maxBytes)[0]!);
  }
}

const lost = ({ location }: CommitChain, trace: string) =>
  new UnusableStoreError(
    location,
    `found no log there, but ${trace}: no empty log is begun in its place. Restore a backup of it, or restore it from a host's index: npx moleculer-event-sourcing restore <index> <to> --name <store>; or, to begin an empty log, open it with the option begin: "anew" (?begin=anew)`,
  );

/** @throws UnusableStoreError if the log's control state was lost */
async function checkMark(chain: CommitChain, { identity, isMarked }: Begin, isAnew: boolean): Promise<void> {
  if (!isMarked) return;
  for (;;) {
    const found = (await chain.keyValues.get(markKey))?.text ?? null;
    if (found === identity) return;
    if (!isAnew)
      throw new UnusableStoreError(
        chain.location,
        `found the log, but ${found === null ? "not its control state" : `control state of log ${found}`}, with checkpoints, leases, processes and deadlines: restore a backup of it; or, to begin with empty control state, open it with the option begin: "anew" (?begin=anew): subscriptions and process managers then start again`,
      );
    await clear(chain.keyValues, identity);
  }
}

/**
 * Marks the control state of a new log with its identity. Resolves to the identity, which may be another host's; null
 * if another host was first, and the chain has to be read again.
 */
async function mark(chain: CommitChain, wanted: string | undefined, isAnew: boolean): Promise<string | null> {
  const { keyValues } = chain;
  // Read before the mark, so that a mark which another host stores in between has a higher number.
  const last = await keyValues.last();
  const found = await keyValues.get(markKey);
  if (found?.text && found.text === wanted) return wanted;
  // No change but the mark: another host is creating the log, or died before it did.
  const isNew = last <= (found?.number ?? 0);
  if (isNew && found?.text && wanted === undefined) return found.text;
  const identity = wanted ?? randomUUID();
  if (isNew) return (await keyValues.put(markKey, identity, last)) === "added" ? identity : null;
  // Changes after the mark: another host may have created the log meanwhile.
  if ((await chain.read(0, 1)).records.length > 0) return null;
  if (!isAnew) throw lost(chain, `control state of ${found?.text ? `log ${found.text}` : "one"}, up to change ${last}`);
  return (await clear(keyValues, identity)) ? identity : null;
}

/** Removes every key, and marks the empty control state; false if another host made a change meanwhile. */
async function clear(keyValues: KeyValues, identity: string): Promise<boolean> {
  let last = await keyValues.last();
  for (;;) {
    const page = await keyValues.list({ prefix: "", limit: keysPerPage });
    if (page.length === 0) return (await keyValues.put(markKey, identity, last)) === "added";
    for (const { key } of page) if ((await keyValues.put(key, null, last++)) === "taken") return false;
  }
}
