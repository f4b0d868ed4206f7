import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import type { DeciderDefinition } from "../../../core/decider/decider.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import type { Job } from "../host/jobs.ts";
import type { LogProblem, UncheckedPart } from "./log-problem.ts";

/** The log to verify, and the definitions by which it is read. */
export interface VerifiedLog {
  log: EventLog;
  catalogue: Catalogue;
  /** The decider of this name on this node; null if there is none. */
  deciderOf: (name: string) => DeciderDefinition | null;
}

/** The context that the parts of one verification share. */
export interface VerificationContext extends VerifiedLog {
  job: Job;
  report: (problem: LogProblem) => void;
  reportUnchecked: (unchecked: UncheckedPart) => void;
}
