/** A damaged event, or a state snapshot or claim that differs from the log. */
export interface LogProblem {
  /** The position of the event, or of the snapshot. For a claim, the position up to which the log was folded. */
  position: number;
  field: "position" | "version" | "time" | "payload" | "meta" | "snapshot" | "claim";
  found: unknown;
  expected: unknown;
}

/** Snapshots or claims that a verification could not compare with the log. */
export interface UncheckedPart {
  field: "snapshot" | "claim";
  /** The name of the decider; for a claim, the decider and the claim: `account/iban`. */
  name: string;
  why: string;
}
