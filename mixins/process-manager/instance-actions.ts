import type { Context, ServiceSchema } from "moleculer";
import type { Deadline } from "../../core/process/deadline.ts";
import type { ParkedProcess, ProcessInstance } from "../../core/process/instance.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { ownActions } from "../service/own-actions.ts";
import { plainDeadline } from "./task.ts";
import { wholeNumber } from "../service/whole-number.ts";

/** A process as `instances` returns it. */
export interface ProcessSummary {
  /** The correlation value. */
  id: string;
  state: unknown;
  /** Its events up to this position are handled, or wait. */
  position: number;
  deadlines: Deadline[];
  /** The failed event or deadline that blocks the process; null if nothing does. */
  parked: ParkedProcess | null;
  /** How many events wait. */
  waiting: number;
  /** The time of its first event: ISO 8601. */
  since: string;
}

interface Params {
  id?: string;
  after?: string;
  limit: number;
}

/** `instances {id?, after?, limit?}`: the processes that have not ended, sorted by id; a short page is not the end. */
export function instanceActions(source: () => EventSource): NonNullable<ServiceSchema["actions"]> {
  return ownActions({
    instances: {
      params: {
        $$strict: true,
        id: { type: "string", optional: true, convert: true },
        after: { type: "string", optional: true, convert: true },
        limit: { ...wholeNumber, min: 1, max: 1000, convert: true, optional: true, default: 100 },
      },
      async handler(ctx: Context<Params>): Promise<ProcessSummary[]> {
        const { id, after, limit } = ctx.params;
        if (id !== undefined) {
          const stored = await source().state(prefix + id);
          return stored ? [summary(id, stored.value as ProcessInstance)] : [];
        }
        const page = await source().states(prefix, after === undefined ? undefined : prefix + after, limit);
        return page.map(({ of, value }) => summary(of.slice(prefix.length), value as ProcessInstance));
      },
    },
  });
}

const prefix = "instance/";

const summary = (
  id: string,
  { state, position, deadlines, parked, waiting, since }: ProcessInstance,
): ProcessSummary => ({
  id,
  state,
  position,
  deadlines: deadlines.map(plainDeadline),
  parked: parked ?? null,
  waiting: waiting?.count ?? 0,
  since,
});
