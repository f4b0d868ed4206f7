import type { Context } from "moleculer";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Deadline, Duration } from "./deadline.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** The options of a command. */
export interface SendOptions {
  timeout?: number;
  /** Additional fields; those that identify the cause are added. */
  meta?: Record<string, unknown>;
}

/**
 * The second argument of a process manager's handlers. Except for commands, its effects are stored only if the handler
 * succeeds.
 */
export interface ProcessView<State = unknown, Names extends string = string> {
  /** The correlation value. */
  readonly id: string;
  readonly state: Readonly<State>;
  /**
   * Sends a command at once. Its id is the same if the event is handled again, so a decider stores its events once. If
   * the command is refused, the promise rejects, and the handler may send another command instead. An outage ends the
   * handler even if it catches the error; the event is handled again afterwards.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- otherwise the expected return type would infer it
  readonly call: <Answer = unknown>(
    action: string,
    params?: unknown,
    options?: SendOptions,
  ) => Promise<NoInfer<Answer>>;
  /**
   * Sets a deadline and replaces one of the same name.
   *
   * @param when a Date, an ISO 8601 time with its zone, or a duration after the event's own time (`{ days: 1 }`, or
   * milliseconds); a time in the past is due at once
   * @param data any JSON value
   */
  readonly schedule: (name: Names, when: Date | Duration | string | number, data?: unknown) => void;
  readonly cancel: (name: Names) => void;
  /** Ends the process: its state and deadlines are removed, and later events with its correlation value are ignored. */
  readonly end: () => void;
  /** For calls that are not commands. */
  readonly ctx: Context;
}

/** The functions of a process manager, checked. */
export interface ProcessDefinition {
  name: string;
  /** The name in the ids of its commands and deadlines: the first one, if it was renamed. */
  idName: string;
  correlate: (event: RecordedEvent, entity: { readonly id: string }) => unknown;
  /** If omitted, the process has no state, and its handlers' results are ignored. */
  initialState?: (() => unknown) | undefined;
  on: readonly { pattern: string; handler: (event: RecordedEvent, view: ProcessView) => unknown }[];
  deadlines: Readonly<Record<string, (deadline: Deadline, view: ProcessView) => unknown>>;
  compensate?: ((cause: RecordedEvent | Deadline, error: Error, view: ProcessView) => unknown) | undefined;
  maxDepth: number;
  /** The catalogue by which the store reads its events. */
  catalogue: Catalogue;
}
