import type { CommitChain } from "./commit-chain.ts";
import { outcomeUnknown, retry } from "../retry.ts";

/**
 * Adds it, and answers whether it is there. The same record is sent until there is an answer: it stands there once.
 * @throws StoreUnavailableError where none comes; the record may be there then, or come
 */
export async function addRecord(chain: CommitChain, number: number, record: string): Promise<boolean> {
  let isSent = false;
  return retry(chain.location, async () => {
    try {
      const added = await chain.add(number, record);
      if (added === "added" || !isSent) return { answer: added === "added" };
      // Taken: perhaps by this record itself, whose answer was lost.
      const { records } = await chain.read(number - 1, 1);
      return { answer: records[0] === record };
    } catch (error) {
      const isInDoubt = isSent;
      isSent = true;
      throw isInDoubt ? outcomeUnknown(chain.location, error) : error;
    }
  });
}
