import type { Building } from "../../../core/log/event-log.ts";
import type { CommitChain } from "./commit-chain.ts";

/** Fewer records than this are taken up before a caller would notice. */
const fewRecords = 500;

/** How far an index is that is far behind its chain. */
export class BuildProgress {
  readonly #chain: CommitChain;
  #building: Building | null = null;
  /** Is called with each step while the log is being opened. */
  onStep: (building: Building) => void = () => {};

  constructor(chain: CommitChain) {
    this.#chain = chain;
  }

  /** Null while the index is not far behind. */
  get building(): Building | null {
    return this.#building;
  }

  /** The index has the records up to `seen`; `isEnd`: there are no more. */
  async note(seen: number, isEnd: boolean): Promise<void> {
    if (isEnd) return this.end();
    const total = this.#building && this.#building.total > seen ? this.#building.total : await this.#chain.last();
    if (this.#building || total - seen > fewRecords) this.#building = { done: seen, total };
    this.onStep({ done: seen, total });
  }

  /** It has caught up, or does so no more. */
  end(): void {
    this.#building = null;
  }
}
