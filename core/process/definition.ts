import type { Context } from "moleculer";
import type { Catalogue } from "../catalogue/catalogue.ts";
import type { Deadline } from "./deadline.ts";
import type { RecordedEvent } from "../event/recorded-event.ts";

/** What a command may be sent with, beside its params. */
export interface SendOptions {
  timeout?: number;
  /** Fields beside those that say where the command comes from. */
  meta?: Record<string, unknown>;
}

/** What a handler of a process manager gets beside the event or deadline. What it wants counts when it has succeeded. */
export interface ProcessView<State = unknown, Names extends string = string> {
  /** The correlation value. */
  readonly id: string;
  readonly state: Readonly<State>;
  /**
   * Sends a command at once. It carries an id that is the same whenever the event is handled again, so that a decider
   * stores its events once. Refused, it throws the refusal, which the handler may answer by another command. An outage ends
   * the handler, caught or not: the event is handled again when it is over.
   */
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- else a handler's answer would tell what it is, not the caller
  readonly call: <Answer = unknown>(
    action: string,
    params?: unknown,
    options?: SendOptions,
  ) => Promise<NoInfer<Answer>>;
  /**
   * Sets a deadline, in place of one of the same name.
   *
   * @param when a Date, an ISO 8601 time with its zone, or milliseconds after the event's own time; in the past: now
   * @param data any JSON value
   */
  readonly schedule: (name: Names, when: Date | string | number, data?: unknown) => void;
  readonly cancel: (name: Names) => void;
  /** The process is over: its state and deadlines are removed, and later events of its correlation value passed over. */
  readonly end: () => void;
  /** For calls that are no commands. */
  readonly ctx: Context;
}

/** The functions of a process manager, checked. */
export interface ProcessDefinition {
  name: string;
  correlate: (event: RecordedEvent) => unknown;
  /** Left out: it keeps no state, and what its handlers answer is of no interest. */
  initialState?: (() => unknown) | undefined;
  on: readonly { pattern: string; handler: (event: RecordedEvent, view: ProcessView) => unknown }[];
  deadlines: Readonly<Record<string, (deadline: Deadline, view: ProcessView) => unknown>>;
  compensate?: ((cause: RecordedEvent | Deadline, error: Error, view: ProcessView) => unknown) | undefined;
  maxDepth: number;
  /** By which the store reads its events. */
  catalogue: Catalogue;
}
