import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import type { DeciderDefinition } from "../../../core/decider/decider.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import type { Job } from "../host/jobs.ts";
import type { LogProblem, UncheckedPart } from "./log-problem.ts";

/** The log to verify, and the definitions by which it is read. */
export interface Verified {
  log: EventLog;
  catalogue: Catalogue;
  /** The decider of this name on this node; null if there is none. */
  deciderOf: (name: string) => DeciderDefinition | null;
}

/** The context that the parts of one verification share. */
export interface Verifying extends Verified {
  job: Job;
  note: (problem: LogProblem) => void;
  noteUnchecked: (unchecked: UncheckedPart) => void;
}
