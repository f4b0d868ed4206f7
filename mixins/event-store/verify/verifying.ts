import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import type { DeciderDefinition } from "../../../core/decider/decider.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import type { Job } from "../host/jobs.ts";
import type { LogProblem, UncheckedPart } from "./log-problem.ts";

/** What a store's `verify` compares with its log, and by which definitions. */
export interface Verified {
  log: EventLog;
  catalogue: Catalogue;
  /** The decider of this name on this node; null if there is none. */
  deciderOf: (name: string) => DeciderDefinition | null;
}

/** One verification, as its parts take it further. */
export interface Verifying extends Verified {
  job: Job;
  note: (problem: LogProblem) => void;
  noteUnchecked: (unchecked: UncheckedPart) => void;
}
