/** Shorter slices would spend their time on commits and on requests to the store. */
const shortestSliceMs = 50;
/** The live fold and the rebuild make each other wait no longer than this, apart from a running transform. */
const longestTurnMs = 500;
/**
 * A rebuild works this long per unit of the live fold's time. The share is below 1, so that the live fold has more than
 * half of the time and keeps up with half of the rate it reaches alone. It is above 1/2, so that the rebuild has more
 * than a third.
 */
const sliceShare = 2 / 3;
const fewestPerPage = 100;
/** The size of a page that no turn has cut short. */
export const mostPerPage = 1000;

/** Shares one node's time between the live fold and the rebuild beside it, which run alternately. */
export class TimeShare {
  readonly #now: () => number;
  #since = 0;
  #sliceMs = shortestSliceMs;
  #end = Infinity;
  /** The size of the live fold's next page: about the events of one turn, since the rest of a page is read again. */
  eventsPerPage = mostPerPage;

  constructor(now = performance.now.bind(performance)) {
    this.#now = now;
  }

  /** The current fold has to commit and let the other run. */
  get isOver(): boolean {
    // Checked for each event, mostly without a rebuild, so the clock is read last.
    return this.#end !== Infinity && this.#now() >= this.#end;
  }

  /** The live fold's turn begins with its request for a page, since the wait for the page is part of the turn. */
  begin(): void {
    this.#since = this.#now();
    this.#end = Infinity;
  }

  /** The live fold has its page. Without a rebuild it folds the whole page. */
  limit(isBuilding: boolean): void {
    this.#end = isBuilding ? this.#now() + longestTurnMs : Infinity;
  }

  /** Adapts the page size to the number of events that the live fold has folded of its page. */
  recordLive(folded: number, isWhole: boolean): void {
    if (isWhole) this.eventsPerPage = Math.min(this.eventsPerPage * 2, mostPerPage);
    else if (this.isOver) this.eventsPerPage = Math.min(Math.max(folded, fewestPerPage), mostPerPage);
  }

  /** Runs `work`, which folds from the rebuild's page. The wait for that page is not part of the slice. */
  async slice(work: () => Promise<void>): Promise<void> {
    this.#end = this.#now() + this.#sliceMs;
    try {
      await work();
    } finally {
      this.#end = Infinity;
    }
  }

  /** The live fold's turn ends. */
  yield(): void {
    const usedMs = this.#now() - this.#since;
    this.#sliceMs = Math.min(Math.max(usedMs * sliceShare, shortestSliceMs), longestTurnMs);
  }
}
