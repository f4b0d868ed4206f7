import type { Building } from "../../../core/log/event-log.ts";
import type { CommitChain } from "./commit-chain.ts";

/** An index that lacks fewer records than this catches up unnoticed. */
const fewRecords = 500;

/** The progress of an index that is far behind its chain. */
export class BuildProgress {
  readonly #chain: CommitChain;
  #building: Building | null = null;
  /** Called with each page while the log is opened. */
  onStep: (building: Building) => void = () => {};

  constructor(chain: CommitChain) {
    this.#chain = chain;
  }

  get building(): Building | null {
    return this.#building;
  }

  /**
   * @param seen the last record in the index
   * @param isEnd the chain has no more records
   */
  async record(seen: number, isEnd: boolean): Promise<void> {
    if (isEnd) return this.end();
    const total = this.#building && this.#building.total > seen ? this.#building.total : await this.#chain.last();
    if (this.#building || total - seen > fewRecords) this.#building = { done: seen, total };
    this.onStep({ done: seen, total });
  }

  /** The index has caught up, or gave up. */
  end(): void {
    this.#building = null;
  }
}
