import type { CommitChain } from "./commit-chain.ts";
import { outcomeUnknown, retry } from "../retry.ts";

/**
 * Adds a record to the chain; false if another record has its number. After a lost response the same record is sent
 * again, and is stored once.
 * @throws StoreUnavailableError if no attempt gets a response; the record may be stored, now or later
 */
export async function addRecord(chain: CommitChain, number: number, record: string): Promise<boolean> {
  let isSent = false;
  return retry(chain.location, async () => {
    try {
      const added = await chain.add(number, record);
      if (added === "added" || !isSent) return { answer: added === "added" };
      // The number may be taken by this record itself, from an attempt whose response was lost.
      const { records } = await chain.read(number - 1, 1);
      return { answer: records[0] === record };
    } catch (error) {
      const wasSent = isSent;
      isSent = true;
      throw wasSent ? outcomeUnknown(chain.location, error) : error;
    }
  });
}
