import { randomUUID } from "node:crypto";
import { MissingLogError } from "../../core/errors.ts";
import type { OpenOptions } from "../../core/event-log.ts";
import type { CommitChain } from "./commit-chain.ts";
import { unsettled, withPatience } from "../patience.ts";
import { format, identityOf, toRecords } from "./record.ts";

/**
 * Adds it, and answers whether it is there. The same record is sent until there is an answer: it stands there once.
 * @throws StoreUnavailableError where none comes; the record may be there then, or come
 */
export async function addRecord(chain: CommitChain, number: number, record: string): Promise<boolean> {
  let isSent = false;
  return withPatience(chain.where, async () => {
    try {
      const added = await chain.add(number, record);
      if (added === "added" || !isSent) return { answer: added === "added" };
      // Taken: perhaps by this record itself, whose answer was lost.
      const { records } = await chain.read(number - 1, 1);
      return { answer: records[0] === record };
    } catch (error) {
      const isInDoubt = isSent;
      isSent = true;
      throw isInDoubt ? unsettled(chain.where, error) : error;
    }
  });
}

/** The identity of the log, with which its chain begins: the first host makes it. @throws MissingLogError where it must not */
export async function identityIn(
  chain: CommitChain,
  { identity = randomUUID(), create = true }: OpenOptions,
): Promise<string> {
  for (;;) {
    const { records } = await chain.read(0, 1);
    if (records[0] !== undefined) return identityOf(chain.where, records[0]);
    if (!create) throw new MissingLogError(chain.where);
    const change = { begin: { identity, format } };
    await addRecord(chain, 1, toRecords({ id: randomUUID(), after: "", change }, chain.maxBytes)[0]!);
  }
}
