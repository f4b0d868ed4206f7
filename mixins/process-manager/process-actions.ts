import type { Context, ServiceSchema } from "moleculer";
import type { Deadline } from "../../core/process/deadline.ts";
import type { ParkedProcess, StoredProcess } from "../../core/process/stored-process.ts";
import { readFormat } from "../../core/log/stored-format.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { ownActions } from "../service/own-actions.ts";
import { plainDeadline } from "./task.ts";
import { wholeNumber } from "../service/whole-number.ts";

/** A process as `processes` returns it. */
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

/** Processes in the order of their ids. The next page begins after the last one's id. */
export interface ProcessPage {
  processes: ProcessSummary[];
  /** Whether no more processes follow. */
  end: boolean;
}

interface Params {
  id?: string;
  after?: string;
  limit: number;
}

/** `processes {id?, after?, limit?}`: the processes that have not ended, sorted by id. */
export function processActions(source: () => EventSource): NonNullable<ServiceSchema["actions"]> {
  return ownActions({
    processes: {
      params: {
        $$strict: true,
        id: { type: "string", optional: true, convert: true },
        after: { type: "string", optional: true, convert: true },
        limit: { ...wholeNumber, min: 1, max: 1000, convert: true, optional: true, default: 100 },
      },
      async handler(ctx: Context<Params>): Promise<ProcessPage> {
        const { id, after, limit } = ctx.params;
        if (id !== undefined) {
          const stored = await source().state(prefix + id);
          return { processes: stored ? [summary(id, stored.value)] : [], end: true };
        }
        const page = await source().states(prefix, after === undefined ? undefined : prefix + after, limit);
        const last = page.at(-1);
        // A page may be short because of its bytes, so another read determines whether it is the end.
        const end = !last || (await source().states(prefix, last.of, 1)).length === 0;
        return {
          processes: page.map(({ of, value }) => summary(of.slice(prefix.length), value)),
          end,
        };
      },
    },
  });
}

const prefix = "process/";

function summary(id: string, stored: unknown): ProcessSummary {
  const process = readFormat<StoredProcess>(`process ${id}`, "process", stored);
  const { state, position, deadlines, parked, waiting, since } = process;
  return {
    id,
    state,
    position,
    deadlines: deadlines.map(plainDeadline),
    parked: parked ?? null,
    waiting: waiting?.count ?? 0,
    since,
  };
}
