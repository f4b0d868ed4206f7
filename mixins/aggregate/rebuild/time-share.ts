/** Shorter slices would spend their time on commits and on asking the store. */
const shortestSliceMs = 50;
/** The live fold and the rebuild make each other wait no longer than this, apart from a transform that runs. */
const longestTurnMs = 500;
/**
 * A rebuild works this long per unit of the live fold's time. Below 1, so that the live fold has more than half of the
 * time and keeps up with half of the rate it reaches alone; above 1/2, so that the rebuild has more than a third.
 */
const sliceShare = 2 / 3;
const fewestPerPage = 100;
/** Of a page that no turn has cut. */
export const mostPerPage = 1000;

/** Shares one node's time between the live fold and the rebuild beside it, which run alternately. */
export class TimeShare {
  readonly #now: () => number;
  #since = 0;
  #sliceMs = shortestSliceMs;
  #end = Infinity;
  /** How many events the live fold's next page is to hold: about one turn's, since the rest of a page is read again. */
  eventsPerPage = mostPerPage;

  constructor(now = performance.now.bind(performance)) {
    this.#now = now;
  }

  /** The fold whose turn it is commits and lets the other run. */
  get isOver(): boolean {
    // Asked for each event, mostly without a rebuild.
    return this.#end !== Infinity && this.#now() >= this.#end;
  }

  /** The live fold's turn begins with its request for a page, since the wait for the page is part of the turn. */
  begin(): void {
    this.#since = this.#now();
    this.#end = Infinity;
  }

  /** The live fold has its page. Without a rebuild it folds the page whole. */
  limit(isBuilding: boolean): void {
    this.#end = isBuilding ? this.#now() + longestTurnMs : Infinity;
  }

  /** The live fold has folded so many of its page's events. */
  recordLive(folded: number, isWhole: boolean): void {
    if (isWhole) this.eventsPerPage = Math.min(this.eventsPerPage * 2, mostPerPage);
    else if (this.isOver) this.eventsPerPage = Math.min(Math.max(folded, fewestPerPage), mostPerPage);
  }

  /** The rebuild has its page, the wait for which is not part of its slice: `work` folds from it. */
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
