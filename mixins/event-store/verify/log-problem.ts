/** A damaged event, or a state snapshot or claim that differs from the log. */
export interface LogProblem {
  /** The position of the event, or of the snapshot. For a claim, the position up to which the log was folded. */
  position: number;
  field: "position" | "version" | "time" | "payload" | "meta" | "snapshot" | "claim";
  found: unknown;
  expected: unknown;
}

/** What a verification could not compare with the log, or could not read because it is of a newer release. */
export interface UncheckedPart {
  field: "snapshot" | "claim" | "payload";
  /** The name of the decider; of a claim, the decider and the claim: `account/iban`; of a payload, the event's id. */
  name: string;
  why: string;
}
