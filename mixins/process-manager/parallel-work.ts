import { Semaphore } from "../../core/concurrency/semaphore.ts";

/** How many processes are handled at a time. */
const slotCount = 16;

/** The work on many processes, some at a time, until one of them meets an outage. */
export class ParallelWork {
  readonly #mustStop: () => boolean;
  #failure: { error: unknown } | null = null;

  constructor(mustStop: () => boolean) {
    this.#mustStop = mustStop;
  }

  begin(): void {
    this.#failure = null;
  }

  get hasFailed(): boolean {
    return this.#failure !== null;
  }

  /** @throws the first outage's error, after the others have stopped */
  async run<One>(all: readonly One[], work: (one: One) => Promise<unknown>): Promise<void> {
    const slots = new Semaphore(slotCount);
    const guarded = async (one: One) => {
      try {
        if (!this.#mustStop()) await work(one);
      } catch (error) {
        this.#failure ??= { error };
      }
    };
    await Promise.all(all.map((one) => slots.run(() => guarded(one))));
    if (this.#failure) throw this.#failure.error;
  }
}
