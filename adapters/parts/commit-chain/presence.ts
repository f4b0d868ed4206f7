import type { CommitChain } from "./commit-chain.ts";
import { commitsLost } from "./contained.ts";
import type { IndexFile } from "./index-file.ts";
import { commitIdOf } from "./record.ts";
import { settled } from "./settled.ts";

/** Whether the chain is the one that the index was made of: its record at the index's end must have the same id. */
export async function isOfChain(chain: CommitChain, { end: { number, record } }: IndexFile): Promise<boolean> {
  if (number === 0) return true;
  const { records } = await chain.read(number - 1, 1);
  return records[0] !== undefined && commitIdOf(records[0]) === record;
}

/** @throws UnusableStoreError if the chain has lost records that the index has */
export async function assertOfChain(chain: CommitChain, index: IndexFile): Promise<void> {
  const isThere = await settled(
    () => isOfChain(chain, index),
    (isThere) => isThere,
  );
  if (!isThere) throw commitsLost(chain.location, `record ${index.end.number} is missing or has changed`, index.path);
}
