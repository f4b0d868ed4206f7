import { StoreUnavailableError } from "../../core/errors/errors.ts";

/** Where in a store's and an aggregate's work the process dies. */
export type CrashPoint =
  /** A commit of events is stored, its answer is lost. */
  | "appended"
  /** Events were handed to the broker, the pump's checkpoint is not written. */
  | "handed to the broker"
  /** A checkpoint, or a process manager's process, is kept in the log's engine; the answer is lost. */
  | "state written"
  /** A transform has answered, its rows are not written. */
  | "transformed"
  /** Rows are written, the batch is not committed. */
  | "rows written"
  /** The batch is committed with its checkpoint, the answer is lost. */
  | "checkpoint written"
  /** A generation is folded beside the live one, and not switched to. */
  | "built"
  /** The generation is the live one, its order is not known to be done. */
  | "switched"
  /** A backup's files are written, the snapshot is not complete. */
  | "backed up";

/** From the opening of ports to the crash: what was opened in a life that has ended does nothing any more. */
export class Life {
  readonly #reached: (point: CrashPoint) => boolean;
  readonly #openBatches = new Set<() => void | Promise<void>>();
  #hasEnded = false;
  #rollbacks: Promise<unknown> = Promise.resolve();

  /** `reached` answers whether this is the moment to die. */
  constructor(reached: (point: CrashPoint) => boolean) {
    this.#reached = reached;
  }

  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** @throws StoreUnavailableError after the crash, and at the point of the crash itself. */
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

  /** The answer of a call, where the process is still there to hear it. */
  async call<Answer>(work: () => Answer | Promise<Answer>): Promise<Answer> {
    this.check();
    const answer = await work();
    this.check();
    return answer;
  }

  /** The database takes an open batch back when the process dies. Answers what to do when the batch has ended. */
  whileOpen(rollback: () => void | Promise<void>): () => void {
    this.#openBatches.add(rollback);
    return () => void this.#openBatches.delete(rollback);
  }

  /** Settles when nothing of this life writes any more. */
  async settled(): Promise<void> {
    await this.#rollbacks;
  }
}
