import { Errors } from "moleculer";
import { asData, brief, inWords, kindOfValue, portable, show, type Problem } from "./problem.ts";
import { withoutPassword } from "./without-password.ts";

/** An engine's or a function's own message may quote a whole input. */
const maxReasonCharacters = 1000;

/** Moleculer's own validation error, with one entry in `data` per problem. 422. */
export class ValidationError extends Errors.ValidationError {
  override name = "ValidationError";
  /** Private, so that neither a log nor a transporter contains the values that were found. */
  readonly #problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(inWords(problems), "VALIDATION_ERROR", asData(problems));
    this.#problems = problems;
  }

  /** The same problems with the kind of each value instead of the value: for callers that may not see the content. */
  withoutValues(): ValidationError {
    return new ValidationError(
      this.#problems.map(({ field, found, expected }) => ({
        field,
        // For an unknown field, `found` is its name.
        found: found === field ? found : kindOfValue(found),
        expected,
      })),
    );
  }
}

/** Another append came first. 409; `data` is `{stream, expected, actual}`. */
export class VersionConflictError extends Errors.MoleculerClientError {
  override name = "VersionConflictError";

  constructor(stream: string, expected: number | string, actual: number) {
    super(`stream ${show(stream)}: found version ${actual}, expected ${expected}`, 409, "VERSION_CONFLICT", {
      stream,
      expected,
      actual,
    });
  }
}

/** An event id (or append key) is already stored with other content, or only part of a batch is stored. 409. */
export class EventIdReusedError extends Errors.MoleculerClientError {
  override name = "EventIdReusedError";

  constructor(id: string, why: string) {
    super(`event id ${brief(id)}: ${why}`, 409, "EVENT_ID_REUSED", { id: brief(id), why });
  }
}

/**
 * An event or an append is larger than allowed. 413; `data` is `{field, actual, expected}` in bytes of JSON. `isMore`:
 * counting stopped at `actual`.
 */
export class EventTooLargeError extends Errors.MoleculerClientError {
  override name = "EventTooLargeError";

  constructor(field: string, actual: number, expected: number, isMore = false) {
    const found = isMore ? `at least ${actual}` : actual;
    super(`${field}: found ${found} bytes of JSON, expected at most ${expected}`, 413, "EVENT_TOO_LARGE", {
      field,
      actual,
      expected,
    });
  }
}

/** A query, sort or search names an unknown field or operator, or compares values that cannot be compared. 422. */
export class InvalidQueryError extends Errors.MoleculerClientError {
  override name = "InvalidQueryError";

  constructor(problem: Problem) {
    super(inWords([problem]), 422, "INVALID_QUERY", asData([problem]));
  }
}

/** A transform's result does not fit the aggregate's fields: an error of the event. 500. */
export class InvalidRowError extends Errors.MoleculerError {
  override name = "InvalidRowError";

  constructor(problems: readonly Problem[]) {
    super(inWords(problems), 500, "INVALID_ROW", asData(problems));
  }
}

/** A row with this id, or with this value of a unique field, exists already: an error of the event. 409. */
export class DuplicateRowError extends Errors.MoleculerClientError {
  override name = "DuplicateRowError";

  constructor(field: string, found: unknown) {
    super(`${field}: a row with ${show(found)} exists already`, 409, "DUPLICATE_ROW", {
      field,
      actual: portable(found),
    });
  }
}

/**
 * A read requires rows folded up to a position that the table has not reached. 409; `data` is `{table, expected,
 * actual, why}`, and `newer`, the event before which it waits for a newer release, if it does.
 */
export class NotCaughtUpError extends Errors.MoleculerClientError {
  override name = "NotCaughtUpError";

  constructor(table: string, expected: number, actual: number, why: string, newer?: object) {
    super(`${table}: found folded up to position ${actual}, expected ${expected} (${why})`, 409, "NOT_CAUGHT_UP", {
      table,
      expected,
      actual,
      why,
      ...(newer && { newer }),
    });
  }
}

/** `retry` or `skip` was called for an event, stream or process with nothing parked. 404; `data` is the argument. */
export class UnknownParkedEventError extends Errors.MoleculerClientError {
  override name = "UnknownParkedEventError";

  constructor(consumer: string, choice: { id?: string; stream?: string; process?: string }) {
    const found = Object.entries(choice).map(([name, value]) => [name, brief(value)] as const);
    const what = found.map(([name, value]) => `${name === "id" ? "event" : name} ${value}`).join(" of ");
    super(
      `${consumer}: ${what} is neither parked nor waited for; expected one that "parked" lists, or the one that "status" names as failing`,
      404,
      "UNKNOWN_PARKED_EVENT",
      {
        consumer,
        id: null,
        stream: null,
        process: null,
        ...Object.fromEntries(found),
      },
    );
  }
}

/** A definition that cannot work. 500, thrown at the definition or when it is mixed in. Omits the password of a URL. */
export class DefinitionError extends Errors.MoleculerError {
  override name = "DefinitionError";

  constructor(problem: Problem) {
    const { found } = problem;
    const shown = { ...problem, found: typeof found === "string" ? withoutPassword(found) : found };
    super(inWords([shown]), 500, "DEFINITION", asData([shown]));
  }
}

/** Two different definitions share one name on one broker. 500. */
export class NameTakenError extends Errors.MoleculerError {
  override name = "NameTakenError";

  constructor(name: string, why: string) {
    super(`${name}: ${why}`, 500, "NAME_TAKEN", { name, why });
  }
}

/** A connection string whose scheme no engine has. 500. Omits its password. */
export class UnknownAdapterError extends Errors.MoleculerError {
  override name = "UnknownAdapterError";

  constructor(given: unknown, known: readonly string[]) {
    const found = typeof given === "string" ? withoutPassword(given) : given;
    const problem = { field: "adapter", found, expected: `one of ${known.join(", ")} or an adapter's factory` };
    super(inWords([problem]), 500, "UNKNOWN_ADAPTER", asData([problem]));
  }
}

/** The reason for a store or table that allows one host at a time. */
export const hostedElsewhere =
  "is hosted by another process or broker; one host at a time: end that one, give a table a place of its own, or a store `host: false`";

/** A file or database that this version cannot host. Not retryable: an operator has to act. 500. */
export class UnusableStoreError extends Errors.MoleculerError {
  override name = "UnusableStoreError";

  constructor(location: string, why: string, cause?: unknown) {
    const reason = brief(why, maxReasonCharacters);
    super(`${location}: ${reason}`, 500, "UNUSABLE_STORE", { location, why: reason });
    if (cause !== undefined) this.cause = cause;
  }
}

/** A log was opened with `create: false`, and does not exist. */
export class MissingLogError extends UnusableStoreError {
  constructor(location: string) {
    super(location, "found no log there");
  }
}

/** The engine cannot write or respond now. Nothing was stored; the same call may be sent again. 503, retryable. */
export class StoreUnavailableError extends Errors.MoleculerRetryableError {
  override name = "StoreUnavailableError";

  constructor(location: string, why: string, cause?: unknown) {
    const reason = brief(why, maxReasonCharacters);
    super(`${location}: ${reason}`, 503, "STORE_UNAVAILABLE", { location, why: reason });
    if (cause !== undefined) this.cause = cause;
  }
}

/** A backup, export, import or verification was started while one of the same kind is running. 409. */
export class JobRunningError extends Errors.MoleculerClientError {
  override name = "JobRunningError";

  constructor(job: string) {
    super(`${job}: found one running, expected none; one at a time`, 409, "JOB_RUNNING", { job });
  }
}

/**
 * A line of a file that cannot be imported. Its code is that of `cause`: 422 for a malformed line, 409 if the log has
 * other content. `data` is `{line, stored, type, data}`; the last two are those of the cause.
 */
export class ImportFailedError extends Errors.MoleculerClientError {
  override name = "ImportFailedError";

  constructor(line: number, stored: number, cause: Error & { code?: unknown; type?: unknown; data?: unknown }) {
    const { message, code, type, data } = cause;
    super(
      `line ${line}: ${message}. The lines before it are stored (${stored} of them now), it and those after it are not: correct the file and import it again, which continues there`,
      typeof code === "number" ? code : 422,
      "IMPORT_FAILED",
      { line, stored, type, data },
    );
    this.cause = cause;
  }
}

/** No row or event has this id: moleculer-db's error, with a `type`. 404. */
export class EntityNotFoundError extends Errors.MoleculerClientError {
  override name = "EntityNotFoundError";

  constructor(id: unknown) {
    super("Entity not found", 404, "ENTITY_NOT_FOUND", { id: idInBrief(id) });
  }
}

const maxIds = 20;

function idInBrief(id: unknown): unknown {
  if (!Array.isArray(id)) return portable(id);
  const first = id.slice(0, maxIds).map(portable);
  return id.length > maxIds ? [...first, `… (${id.length} in all)`] : first;
}
