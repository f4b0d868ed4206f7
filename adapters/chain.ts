/** A log on any engine that can add one record after the last: docs/writing-an-adapter.md shows one. */
export { ChainedLog } from "./parts/commit-chain/chained-log.ts";
export type {
  Added,
  ChainOptions,
  CommitChain,
  KeyValue,
  KeyValueChange,
  KeyValues,
  Records,
} from "./parts/commit-chain/commit-chain.ts";
