import { ValidationError } from "../../../core/errors/errors.ts";
import { isoDate } from "../../../core/rows/fields.ts";
import { parsePosition } from "../../../core/event/position.ts";
import type { EventSource } from "../../consumer/event-source.ts";

/** A point in time: the log up to and including a position. */
export interface PointInTime {
  position: number;
  /** The id of the event at the position; null at position 0. */
  positionId: string | null;
  log: string;
  /** The ids of the events that an operator has skipped. */
  skipped: readonly string[];
}

/** A caller's params for a point in time: either a position or a time. */
export interface PointChoice {
  position?: unknown;
  time?: unknown;
}

/** Resolves the points in time that callers name. */
export class PointsInTime {
  readonly #source: Pick<EventSource, "page" | "positionAt">;

  constructor(source: Pick<EventSource, "page" | "positionAt">) {
    this.#source = source;
  }

  /** The head of the log, or `atMost` if that is lower. */
  async now(atMost = Infinity): Promise<PointInTime> {
    return this.#at(Math.min(atMost, (await this.#source.page(0, 0)).head));
  }

  /** `at` is the prefix of the field's name in errors: "" or "diff.". @throws ValidationError */
  async of({ position, time }: PointChoice, at = ""): Promise<PointInTime> {
    const refuse = (field: string, found: unknown, expected: string): never => {
      throw new ValidationError([{ field: `${at}${field}`, found, expected }]);
    };
    if (position === undefined && time === undefined) refuse("position", position, "a position or a time");
    if (position !== undefined && time !== undefined) refuse("time", time, "either a position or a time, not both");
    return time === undefined
      ? this.position(position, (found, expected) => refuse("position", found, expected))
      : this.time(time, (found, expected) => refuse("time", found, expected));
  }

  async position(found: unknown, refuse: Refuse): Promise<PointInTime> {
    const position = parsePosition(found);
    if (position === null) return refuse(found, "a whole number from 0");
    const { head } = await this.#source.page(0, 0);
    if (position > head) return refuse(position, `at most the store's head, ${head}`);
    return this.#at(position);
  }

  /** The position of the last event at or before a time; 0 before the first event. */
  async time(found: unknown, refuse: Refuse): Promise<PointInTime> {
    const time = isoDate(found);
    if (time === undefined) return refuse(found, "an ISO 8601 time, like 2026-01-31T12:00:00.000Z");
    return this.#at(await this.#source.positionAt(time));
  }

  async #at(position: number): Promise<PointInTime> {
    const { afterId, log, control } = await this.#source.page(position, 0);
    return { position, positionId: afterId, log, skipped: Object.keys(control.skipped) };
  }
}

export type Refuse = (found: unknown, expected: string) => never;
