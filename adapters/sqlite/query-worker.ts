/** The thread of `query-thread.ts`: answers queries from a connection of its own. */
import { parentPort, workerData } from "node:worker_threads";
import Database from "better-sqlite3";
import { driverLoaded } from "./driver-thread.ts";
import { addFunctions } from "./functions.ts";

/** A SELECT; with `forEach` it takes one value and is run for each of these, at most one row each. */
export interface SelectStatement {
  sql: string;
  values: readonly unknown[];
  forEach?: readonly unknown[];
}

/** Statements that are answered from one moment of a file. */
export interface QueryJob {
  file: string;
  statements: readonly SelectStatement[];
}

/** A failure as it crosses from the thread. */
export interface QueryFailure {
  name: string;
  message: string;
  code?: string | number;
  type?: string;
  data?: unknown;
}

/** The thread waits after each piece of rows until it is told whether to go on. */
export type QueryAnswer =
  | { statement: number; rows: unknown[][]; isLast: boolean }
  | { statement: number; failure: QueryFailure }
  | { done: true };

/** Bounds what the event loop takes in at a time, and what waits in memory. */
const maxRowsPerPiece = 200;
const maxCharactersPerPiece = 256 * 1024;

/** Set to 1 where no one waits for the job any more. */
const isCancelled = new Int32Array(workerData as SharedArrayBuffer);

class CancelledError extends Error {}

function checkCancelled(): void {
  if (Atomics.load(isCancelled, 0) === 1) throw new CancelledError("the query was cancelled");
}

/** Each function first looks whether the job was cancelled: SQLite offers no other way to end a statement. */
function addCancellableFunctions(db: Database.Database): void {
  addFunctions({
    function(name: string, ...rest: unknown[]) {
      const work = rest.pop() as (...values: unknown[]) => unknown;
      const cancellable = (...values: unknown[]) => {
        checkCancelled();
        return work(...values);
      };
      // The driver takes the number of parameters from it.
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
    say({ statement, rows, isLast: false });
    await goesOn();
    checkCancelled();
    rows = [];
    characters = 0;
  }
  say({ statement, rows, isLast: true });
}

const say = (message: QueryAnswer) => parentPort!.postMessage(message);

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
    // Opened for this job alone: the file may be another one by the next.
    db = new Database(file, { readonly: true, fileMustExist: true, timeout: 5000 });
    addCancellableFunctions(db);
    db.exec("BEGIN");
    for (; next < statements.length; next++) {
      try {
        await answer(db, next, statements[next]!);
      } catch (error) {
        say({ statement: next, failure: failureOf(error) });
      }
    }
  } catch (error) {
    for (; next < statements.length; next++) say({ statement: next, failure: failureOf(error) });
  } finally {
    db?.close();
    say({ done: true });
  }
}

new Database(":memory:").close();
parentPort?.postMessage(driverLoaded);

/** A message while a job runs is the answer to `goesOn`. */
let isRunning = false;
parentPort?.on("message", (message: QueryJob | "next") => {
  if (isRunning || message === "next") return;
  isRunning = true;
  void run(message).finally(() => {
    isRunning = false;
  });
});
