import { StoreUnavailableError } from "../../core/errors/errors.ts";
import type { Batch, ParkedStream, Progress } from "../../core/table/read-table.ts";
import type { Transaction, Session } from "./connections.ts";
import { PendingRows } from "./pending-rows.ts";
import { storeParked } from "./stored-progress.ts";
import type { RowWriter } from "./row-writer.ts";
import type { PostgresRows } from "./rows.ts";
import { translate } from "./errors.ts";
import type { RowChange } from "../../core/rows/row-change.ts";

/** What a batch needs of its generation. */
export interface BatchOf {
  location: string;
  schema: string;
  number: number;
  rowsIn: (session: Session) => PostgresRows;
  writer: RowWriter;
  /** Commits with the progress and ends the transaction. */
  commit: (progress: Progress) => Promise<void>;
}

/** One transaction on its own connection. */
export class PostgresBatch implements Batch {
  readonly rows: PostgresRows;
  readonly #of: BatchOf;
  readonly #transaction: Transaction;
  readonly #pending: PendingRows;
  #isMarked = false;

  constructor(transaction: Transaction, of: BatchOf) {
    this.#transaction = transaction;
    this.#of = of;
    this.#pending = new PendingRows(of.writer);
    const session: Session = {
      query: async (text, values) => {
        await this.#pending.send(transaction);
        return transaction.query(text, values);
      },
      reading: (work) => work(session),
    };
    this.rows = of.rowsIn(session);
  }

  get hasEnded(): boolean {
    return this.#transaction.hasEnded;
  }

  async #run<Result>(work: () => Promise<Result>): Promise<Result> {
    if (this.hasEnded) throw new StoreUnavailableError(this.#of.location, "the batch has ended");
    try {
      return await work();
    } catch (error) {
      throw translate(this.#of.location, error);
    }
  }

  apply(changes: readonly RowChange[]): void | Promise<void> {
    if (!this.hasEnded && this.#pending.take(changes)) return;
    return this.#run(async () => {
      const { writer } = this.#of;
      await this.#pending.send(this.#transaction);
      if (changes.length === 1) return writer.write(this.#transaction, changes[0]!);
      await this.#transaction.query("SAVEPOINT apply");
      try {
        const rows = writer.newRows(changes);
        if (!rows || !(await writer.createAlike(this.#transaction, rows))) {
          // One by one, which finds the row that is there already.
          if (rows) await this.#transaction.query("ROLLBACK TO apply");
          for (const change of changes) await writer.write(this.#transaction, change);
        }
        await this.#transaction.query("RELEASE apply");
      } catch (error) {
        await this.#transaction.query("ROLLBACK TO apply; RELEASE apply");
        throw error;
      }
    });
  }

  mark(): Promise<void> {
    return this.#run(async () => {
      await this.#pending.send(this.#transaction);
      await this.#transaction.query(this.#isMarked ? "RELEASE mark; SAVEPOINT mark" : "SAVEPOINT mark");
      this.#isMarked = true;
    });
  }

  undo(): Promise<void> {
    return this.#run(async () => {
      this.#pending.drop();
      await this.#transaction.query("ROLLBACK TO mark");
    });
  }

  park(event: ParkedStream): Promise<void> {
    return this.#run(() => storeParked(this.#transaction, this.#of.schema, this.#of.number, event));
  }

  unpark(id: string): Promise<void> {
    return this.#run(async () => {
      await this.#transaction.query(`DELETE FROM ${this.#of.schema}.parked WHERE generation = $1 AND id = $2`, [
        this.#of.number,
        id,
      ]);
    });
  }

  commit(progress: Progress): Promise<void> {
    return this.#run(async () => {
      await this.#pending.send(this.#transaction);
      await this.#of.commit(progress);
    });
  }

  async rollback(): Promise<void> {
    await this.#transaction.end("ROLLBACK");
  }
}
