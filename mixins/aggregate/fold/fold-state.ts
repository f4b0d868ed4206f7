import type { Batch, Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { ParkedStreams } from "../../consumer/parked-streams.ts";

/** How far a generation is folded and what is parked of it, as it is stored and as the batch that runs has it. */
export class FoldState {
  /** With the batch that runs, which changes it in place for each event. */
  #progress: Progress;
  /** Without it: what others may know. Replaced after each batch. */
  settled: Readonly<Progress>;
  /** Changed by `put` alone. */
  readonly parked: Omit<ParkedStreams, "replace" | "set" | "delete">;
  readonly #generation: Generation;
  /** The checkpoint is ahead of it by events that are not mapped, never by others. */
  #stored: number;
  readonly #parked: ParkedStreams;
  /** The streams that the batch that runs has changed, each with the id under which it is stored. */
  readonly #changed = new Map<string, string | undefined>();

  private constructor(generation: Generation, progress: Progress, parked: readonly ParkedStream[]) {
    this.#generation = generation;
    this.#progress = progress;
    this.settled = { ...progress };
    this.#stored = progress.position;
    this.parked = this.#parked = new ParkedStreams(parked);
  }

  static async of(generation: Generation): Promise<FoldState> {
    return new FoldState(generation, await generation.progress(), await generation.parked());
  }

  /** Goes on from what is stored, after an error whose outcome is unknown. */
  async reload(): Promise<void> {
    this.#progress = await this.#generation.progress();
    this.settled = { ...this.#progress };
    this.#stored = this.#progress.position;
    await this.#readParked();
  }

  /** Whether events that are not mapped have moved the checkpoint ahead of the stored one. */
  get isAhead(): boolean {
    return this.#progress.position !== this.#stored;
  }

  /**
   * Commits what `work` does to rows, parked events and checkpoint if it returns true; else all of it is rolled back but
   * the progress, which no row depends on. If it throws, the progress is as before, too.
   */
  async inBatch(work: (batch: Batch, isRemote: boolean) => boolean | Promise<boolean>): Promise<void> {
    const before = { ...this.#progress };
    const begun = this.#generation.begin();
    const isRemote = begun instanceof Promise;
    const batch = isRemote ? await begun : begun;
    try {
      if (await work(batch, isRemote)) {
        if (this.#changed.size > 0) await this.#storeParked(batch);
        // Without a wait where the engine needs none: it costs more than the call.
        const committed = batch.commit(this.#progress);
        if (committed) await committed;
        this.#stored = this.#progress.position;
      } else await batch.rollback();
    } catch (error) {
      await batch.rollback();
      this.#progress = before;
      await this.#readParked();
      throw error;
    }
    this.settled = { ...this.#progress };
  }

  pass({ id, position }: RecordedEvent, isFolded: boolean): void {
    const progress = this.#progress;
    progress.position = position;
    progress.positionId = id;
    if (isFolded) progress.folded = position;
  }

  /** An event from before the checkpoint, which stays where it is. */
  passLate({ position }: RecordedEvent): void {
    if (this.#progress.folded > position) this.#progress.reordered = true;
    else this.#progress.folded = position;
  }

  /** Outside of any batch: past events that no mapping is for, known to others at once. */
  moveTo(progress: Partial<Pick<Progress, "position" | "positionId" | "log">>): void {
    this.#progress = { ...this.#progress, ...progress };
    this.settled = { ...this.#progress };
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

  async #readParked(): Promise<void> {
    this.#changed.clear();
    this.#parked.replace(await this.#generation.parked());
  }
}
