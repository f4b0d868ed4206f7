/** The worker thread of `query-thread.ts`: runs queries on its own connection. */
import { parentPort, workerData } from "node:worker_threads";
import Database from "./driver.ts";
import { driverLoaded } from "./driver-thread.ts";
import { addFunctions } from "./functions.ts";

/** A SELECT. With `forEach` it takes one value, runs once per value, and returns at most one row each time. */
export interface SelectStatement {
  sql: string;
  values: readonly unknown[];
  forEach?: readonly unknown[];
}

/** Statements that read the same snapshot of a file. */
export interface QueryJob {
  file: string;
  statements: readonly SelectStatement[];
}

/** An error as it is sent from the thread. */
export interface QueryFailure {
  name: string;
  message: string;
  code?: string | number;
  type?: string;
  data?: unknown;
}

/** After each chunk of rows the thread waits for the message to continue. */
export type QueryAnswer =
  | { statement: number; rows: unknown[][]; isLast: boolean }
  | { statement: number; failure: QueryFailure }
  | { done: true };

/** Bounds the work of the event loop per chunk, and the memory that waiting chunks take. */
const maxRowsPerPiece = 200;
const maxCharactersPerPiece = 256 * 1024;

/** Set to 1 if no caller waits for the job any more. */
const isCancelled = new Int32Array(workerData as SharedArrayBuffer);

class CancelledError extends Error {}

function checkCancelled(): void {
  if (Atomics.load(isCancelled, 0) === 1) throw new CancelledError("the query was cancelled");
}

/** Each function first checks whether the job was cancelled: SQLite offers no other way to interrupt a statement. */
function addCancellableFunctions(db: Database.Database): void {
  addFunctions({
    function(name: string, ...rest: unknown[]) {
      const work = rest.pop() as (...values: unknown[]) => unknown;
      const cancellable = (...values: unknown[]) => {
        checkCancelled();
        return work(...values);
      };
      // The driver takes the number of parameters from `length`.
      Object.defineProperty(cancellable, "length", { value: work.length });
      const options = (rest[0] ?? {}) as Database.RegistrationOptions;
      return db.function(name, options, cancellable);
    },
  });
}

const textOf = (row: readonly unknown[]) =>
  row.reduce<number>((sum, cell) => sum + (typeof cell === "string" ? cell.length : 8), 0);

function* rowsOf(db: Database.Database, { sql, values, forEach }: SelectStatement): Iterable<unknown[]> {
  const statement = db.prepare(sql).raw(true);
  if (!forEach) return yield* statement.iterate(...values) as Iterable<unknown[]>;
  for (const value of forEach) {
    checkCancelled();
    const row = statement.get(value) as unknown[] | undefined;
    if (row) yield row;
  }
}

const goesOn = () => new Promise<void>((resume) => parentPort!.once("message", () => resume()));

async function answer(db: Database.Database, statement: number, select: SelectStatement): Promise<void> {
  let rows: unknown[][] = [];
  let characters = 0;
  for (const row of rowsOf(db, select)) {
    rows.push(row);
    characters += textOf(row);
    if (rows.length < maxRowsPerPiece && characters < maxCharactersPerPiece) continue;
    post({ statement, rows, isLast: false });
    await goesOn();
    checkCancelled();
    rows = [];
    characters = 0;
  }
  post({ statement, rows, isLast: true });
}

const post = (message: QueryAnswer) => parentPort!.postMessage(message);

function failureOf(error: unknown): QueryFailure {
  const { name, message, code, type, data } = error as Error & Omit<QueryFailure, "name" | "message">;
  return {
    name,
    message,
    ...(code !== undefined && { code }),
    ...(type !== undefined && { type }),
    ...(data !== undefined && { data }),
  };
}

async function run({ file, statements }: QueryJob): Promise<void> {
  let db: Database.Database | undefined;
  let next = 0;
  try {
    // Opened for this job only: the path may name another file by the next job.
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 });
    addCancellableFunctions(db);
    db.exec("BEGIN");
    for (; next < statements.length; next++) {
      try {
        await answer(db, next, statements[next]!);
      } catch (error) {
        post({ statement: next, failure: failureOf(error) });
      }
    }
  } catch (error) {
    for (; next < statements.length; next++) post({ statement: next, failure: failureOf(error) });
  } finally {
    db?.close();
    post({ done: true });
  }
}

new Database(":memory:").close();
parentPort?.postMessage(driverLoaded);

/** A message that arrives while a job runs is for `goesOn`. */
let isRunning = false;
parentPort?.on("message", (message: QueryJob | "next") => {
  if (isRunning || message === "next") return;
  isRunning = true;
  void run(message).finally(() => {
    isRunning = false;
  });
});
