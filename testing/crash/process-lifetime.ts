import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** Points in the work of a store or an aggregate at which the process crashes. */
export type CrashPoint =
  /** A commit of events is stored; the response is lost. */
  | "appended"
  /** Events were passed to the broker; the pump's checkpoint is not written. */
  | "handed to the broker"
  /** A checkpoint, or a process of a process manager, is stored in the log's engine; the response is lost. */
  | "state written"
  /** A transform has returned; its rows are not written. */
  | "transformed"
  /** Rows are written; the batch is not committed. */
  | "rows written"
  /** The batch is committed with its checkpoint; the response is lost. */
  | "checkpoint written"
  /** A generation is folded beside the live one; it is not switched to. */
  | "built"
  /** The generation is the live one; its request is not recorded as done. */
  | "switched"
  /** A backup's files are written; the snapshot is not complete. */
  | "backed up";

/** The time from the opening of ports to a crash. Ports of a lifetime that has ended have no effect. */
export class ProcessLifetime {
  readonly #reached: (point: CrashPoint) => boolean;
  readonly #openBatches = new Set<() => void | Promise<void>>();
  #hasEnded = false;
  #rollbacks: Promise<unknown> = Promise.resolve();

  /** `reached` decides whether the process crashes at this point. */
  constructor(reached: (point: CrashPoint) => boolean) {
    this.#reached = reached;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @throws StoreUnavailableError at the point of the crash and afterwards */
  reach(point: CrashPoint): void {
    this.check();
    if (!this.#reached(point)) return;
    this.#hasEnded = true;
    const rollbacks = [...this.#openBatches].map(async (rollback) => rollback());
    this.#rollbacks = Promise.allSettled(rollbacks);
    this.check();
  }

  check(): void {
    if (this.#hasEnded) throw new StoreUnavailableError("crash kit", "the process counts as killed until revive()");
  }

  /** The result of a call, unless the process crashes during it. */
  async call<Answer>(work: () => Answer | Promise<Answer>): Promise<Answer> {
    this.check();
    const answer = await work();
    this.check();
    return answer;
  }

  /**
   * Registers the rollback that the database does if the process crashes. Returns a function to call when the batch has
   * ended.
   */
  whileOpen(rollback: () => void | Promise<void>): () => void {
    this.#openBatches.add(rollback);
    return () => void this.#openBatches.delete(rollback);
  }

  /** Resolves when no port of this lifetime writes any more. */
  async settled(): Promise<void> {
    await this.#rollbacks;
  }
}
