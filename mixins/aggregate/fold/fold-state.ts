import type { Batch, Generation, ParkedStream, Progress } from "../../../core/table/read-table.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { ParkedStreams } from "../../consumer/parked-streams.ts";
import { parkedIn, toStoredParked } from "./stored-parked.ts";

/** The progress and the parked streams of a generation, both as stored and as changed by the running batch. */
export class FoldState {
  /** Includes the running batch, which changes it in place for each event. */
  #progress: Progress;
  /** Without the running batch; replaced after each batch. Other readers use this one. */
  settled: Readonly<Progress>;
  /** Only `put` changes it. */
  readonly parked: Omit<ParkedStreams, "replace" | "set" | "delete">;
  readonly #generation: Generation;
  /** The position of the stored checkpoint. Only unmapped events can move the current one past it. */
  #stored: number;
  readonly #parked: ParkedStreams;
  /** The streams that the running batch has changed, each with the id under which it is stored. */
  readonly #changed = new Map<string, string | undefined>();

  private constructor(generation: Generation, progress: Progress, parked: readonly ParkedStream[]) {
    this.#generation = generation;
    this.#progress = progress;
    this.settled = { ...progress };
    this.#stored = progress.position;
    this.parked = this.#parked = new ParkedStreams(parked);
  }

  static async of(generation: Generation): Promise<FoldState> {
    return new FoldState(generation, await generation.progress(), await parkedIn(generation));
  }

  /** Reloads the stored state, after an error whose outcome is unknown. */
  async reload(): Promise<void> {
    this.#progress = await this.#generation.progress();
    this.settled = { ...this.#progress };
    this.#stored = this.#progress.position;
    await this.#readParked();
  }

  /** Whether unmapped events have moved the checkpoint past the stored one. */
  get isAhead(): boolean {
    return this.#progress.position !== this.#stored;
  }

  /**
   * Commits the changes that `work` makes to rows, parked events and checkpoint if it returns true. Otherwise all but
   * the progress is rolled back, since no row depends on that. If `work` throws, the progress is restored, too.
   */
  async inBatch(work: (batch: Batch, isRemote: boolean) => boolean | Promise<boolean>): Promise<void> {
    const before = { ...this.#progress };
    const begun = this.#generation.begin();
    const isRemote = begun instanceof Promise;
    const batch = isRemote ? await begun : begun;
    try {
      if (await work(batch, isRemote)) {
        if (this.#changed.size > 0) await this.#storeParked(batch);
        // Awaits promises only: an await costs more than the call.
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

  /**
   * Passes an event; returns whether the batch requires a commit for it. An unmapped event requires none: it is passed
   * again after a crash.
   */
  pass({ id, position }: RecordedEvent, did: "fold" | "wait" | "pass"): boolean {
    const progress = this.#progress;
    progress.position = position;
    progress.positionId = id;
    if (did === "fold") progress.folded = position;
    return did !== "pass";
  }

  /** Passes an event from before the checkpoint; the checkpoint does not move. */
  passLate({ position }: RecordedEvent): void {
    if (this.#progress.folded > position) this.#progress.reordered = true;
    else this.#progress.folded = position;
  }

  /** Moves past unmapped events, outside of any batch; visible in `settled` at once. */
  moveTo(progress: Partial<Pick<Progress, "position" | "positionId" | "log">>): void {
    this.#progress = { ...this.#progress, ...progress };
    this.settled = { ...this.#progress };
  }

  /** Within a batch: sets the parked state of a stream; null removes it. */
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
      if (parked) await batch.park(toStoredParked(parked));
    }
    this.#changed.clear();
  }

  async #readParked(): Promise<void> {
    this.#changed.clear();
    this.#parked.replace(await parkedIn(this.#generation));
  }
}
