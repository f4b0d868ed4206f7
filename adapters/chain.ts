/** The entry `adapters/chain`: a log on any engine that can append one record. See docs/writing-an-adapter.md. */
import "../core/errors/node-version.ts";
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
