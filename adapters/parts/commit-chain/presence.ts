import type { CommitChain } from "./commit-chain.ts";
import { goneBack } from "./contained.ts";
import type { IndexFile } from "./index-file.ts";
import { commitIdOf } from "./record.ts";
import { settled } from "./settled.ts";

/** Whether the chain has what the index was made of, which is known by the last record. */
export async function isOfChain(chain: CommitChain, { end: { number, record } }: IndexFile): Promise<boolean> {
  if (number === 0) return true;
  const { records } = await chain.read(number - 1, 1);
  return records[0] !== undefined && commitIdOf(records[0]) === record;
}

/** @throws UnusableStoreError where the chain has lost what the index was made of */
export async function assertOfChain(chain: CommitChain, index: IndexFile): Promise<void> {
  const isThere = await settled(
    () => isOfChain(chain, index),
    (isThere) => isThere,
  );
  if (!isThere)
    throw goneBack(chain.location, `record ${index.end.number} is not there any more, or another one`, index.path);
}
