import { randomUUID } from "node:crypto";
import { MissingLogError, UnusableStoreError } from "../../../core/errors/errors.ts";
import { addRecord } from "./add-record.ts";
import type { KeyValues, CommitChain } from "./commit-chain.ts";
import { beginOf, format, toRecords, type Begin } from "./record.ts";

/** What a host knows of a log before it looks at the chain: its index, if that has events. */
export interface KnownLog {
  identity: string;
  head: number;
  /** Where the index is. */
  path: string;
}

export interface BeginOptions {
  /** That of the log of which this is to be a copy; left out, a new one. */
  identity?: string;
  /** Whether a log that is not there is begun. */
  create: boolean;
  /** The user has said that what is left of a lost log may be disregarded. */
  isAnew: boolean;
}

/** The key under which the control state says whose it is: its first change. */
const markKey = "log";
const keysPerPage = 500;

/**
 * The identity of the log, with which its chain begins: the first host makes it. The mark of the control state comes
 * before the chain's first record: a chain without its control state, and control state without its chain, were lost.
 * @throws MissingLogError where it must not be begun; UnusableStoreError where something is left of one that is not there
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
    const change = { begin: { identity: marked, format, isMarked: true } };
    await addRecord(chain, 1, toRecords({ id: randomUUID(), after: "", change }, chain.maxBytes)[0]!);
  }
}

const lost = ({ location }: CommitChain, trace: string) =>
  new UnusableStoreError(
    location,
    `found no log there, but ${trace}: no empty log is begun in its place. Put back a backup of it, or restore it from a host's index: npx moleculer-event-sourcing restore <index> <to> --name <store>; or, to begin an empty log, open it with the option begin: "anew" (?begin=anew)`,
  );

/** @throws UnusableStoreError where the control state of a log that was begun is not there any more */
async function checkMark(chain: CommitChain, { identity, isMarked }: Begin, isAnew: boolean): Promise<void> {
  if (!isMarked) return;
  for (;;) {
    const found = (await chain.keyValues.get(markKey))?.text ?? null;
    if (found === identity) return;
    if (!isAnew)
      throw new UnusableStoreError(
        chain.location,
        `found the log, but ${found === null ? "not its control state" : `control state of log ${found}`}, with checkpoints, leases, processes and deadlines: put back a backup of it; or, to begin with empty control state, open it with the option begin: "anew" (?begin=anew): subscriptions and process managers then start again`,
      );
    await clear(chain.keyValues, identity);
  }
}

/**
 * Marks the control state of a log that is about to be begun; answers the identity that it has then, or null where
 * another host was first.
 */
async function mark(chain: CommitChain, wanted: string | undefined, isAnew: boolean): Promise<string | null> {
  const { keyValues } = chain;
  // Asked for first: a mark that another host puts meanwhile has a later number.
  const last = await keyValues.last();
  const found = await keyValues.get(markKey);
  if (found?.text && found.text === wanted) return wanted;
  // Nothing but the mark: another host is beginning the log, or died before it had.
  const isNew = last <= (found?.number ?? 0);
  if (isNew && found?.text && wanted === undefined) return found.text;
  const identity = wanted ?? randomUUID();
  if (isNew) return (await keyValues.put(markKey, identity, last)) === "added" ? identity : null;
  // Or it has begun it meanwhile.
  if ((await chain.read(0, 1)).records.length > 0) return null;
  if (!isAnew) throw lost(chain, `control state of ${found?.text ? `log ${found.text}` : "one"}, up to change ${last}`);
  return (await clear(keyValues, identity)) ? identity : null;
}

/** Removes every cell and marks what is left; false where another host has changed something meanwhile. */
async function clear(keyValues: KeyValues, identity: string): Promise<boolean> {
  let last = await keyValues.last();
  for (;;) {
    const page = await keyValues.list({ prefix: "", limit: keysPerPage });
    if (page.length === 0) return (await keyValues.put(markKey, identity, last)) === "added";
    for (const { key } of page) if ((await keyValues.put(key, null, last++)) === "taken") return false;
  }
}
