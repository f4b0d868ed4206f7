import type { Batch, Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { ParkedStreams } from "../../consumer/parked-streams.ts";

/** How far a generation is folded and what is parked of it, as it is stored and as the batch that runs has it. */
export class FoldedState {
  readonly #generation: Generation;
  #progress: Progress;
  /** What others may know: `#progress` without the batch that is not committed yet. */
  #settled: Progress;
  /** Ahead of the stored checkpoint by events that are not mapped, never by others. */
  #stored: number;
  readonly #parked: ParkedStreams;
  /** The streams that the batch that runs has changed, each with the id under which it is stored. */
  readonly #changed = new Map<string, string | undefined>();

  private constructor(generation: Generation, progress: Progress, parked: readonly ParkedStream[]) {
    this.#generation = generation;
    this.#progress = progress;
    this.#settled = { ...progress };
    this.#stored = progress.position;
    this.#parked = new ParkedStreams(parked);
  }

  static async of(generation: Generation): Promise<FoldedState> {
    return new FoldedState(generation, await generation.progress(), await generation.parked());
  }

  /** Goes on from what is stored, which an error may have left in doubt. */
  async reload(): Promise<void> {
    this.#progress = await this.#generation.progress();
    this.#settled = { ...this.#progress };
    this.#stored = this.#progress.position;
    await this.readParked();
  }

  /** With the batch that runs. */
  get progress(): Readonly<Progress> {
    return this.#progress;
  }

  /** Without it. */
  get settled(): Readonly<Progress> {
    return this.#settled;
  }

  /** Whether events that are not mapped have moved the checkpoint ahead of the stored one. */
  get isAhead(): boolean {
    return this.#progress.position !== this.#stored;
  }

  get parked(): Omit<ParkedStreams, "replace" | "set" | "delete"> {
    return this.#parked;
  }

  /**
   * Commits what `work` does to rows, parked events and checkpoint where it answers true; else all of it is taken back but
   * the progress, which no row depends on. Where it throws, the progress is as before, too.
   */
  async inBatch(work: (batch: Batch, isAway: boolean) => boolean | Promise<boolean>): Promise<void> {
    const before = { ...this.#progress };
    const begun = this.#generation.begin();
    const batch = await begun;
    try {
      const isChanged = await work(batch, begun instanceof Promise);
      if (isChanged) {
        await this.#storeParked(batch);
        await batch.commit(this.#progress);
        this.#stored = this.#progress.position;
      } else await batch.rollback();
    } catch (error) {
      await batch.rollback();
      this.#progress = before;
      await this.readParked();
      throw error;
    }
    this.#settled = { ...this.#progress };
  }

  /** Changes the progress of the batch in place, since it runs for each event; what is settled is a copy. */
  pass({ id, position }: RecordedEvent, isFolded: boolean): void {
    this.#progress.position = position;
    this.#progress.positionId = id;
    if (isFolded) this.#progress.folded = position;
  }

  /** An event from before the checkpoint, which stays where it is. */
  passLate({ position }: RecordedEvent): void {
    if (this.#progress.folded > position) this.#progress.reordered = true;
    else this.#progress.folded = position;
  }

  /** Events that nobody handed over, being of no interest; outside of any batch. */
  moveTo(progress: Partial<Pick<Progress, "position" | "positionId" | "log">>): void {
    this.#progress = { ...this.#progress, ...progress };
  }

  /** What is passed outside of a batch is known to others from now on. */
  settle(): void {
    this.#settled = { ...this.#progress };
  }

  /** Within a batch: what waits in a stream from now on; null: nothing. */
  put(stream: string, parked: ParkedStream | null): void {
    if (!this.#changed.has(stream)) this.#changed.set(stream, this.#parked.get(stream)?.id);
    if (parked) this.#parked.set(parked);
    else this.#parked.delete(stream);
  }

  /** One write for each stream, however many of its events the batch has passed. */
  async #storeParked(batch: Batch): Promise<void> {
    for (const [stream, storedId] of this.#changed) {
      const parked = this.#parked.get(stream);
      if (storedId !== undefined && storedId !== parked?.id) await batch.unpark(storedId);
      if (parked) await batch.park(parked);
    }
    this.#changed.clear();
  }

  async readParked(): Promise<void> {
    this.#changed.clear();
    this.#parked.replace(await this.#generation.parked());
  }
}
