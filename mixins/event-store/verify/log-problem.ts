/** One thing in which a stored event breaks a law, or in which what follows from the log differs from it. */
export interface LogProblem {
  /** Of the event; of a snapshot, the position that it names; of a claim, the position up to which the log was folded. */
  position: number;
  field: "position" | "version" | "time" | "payload" | "meta" | "snapshot" | "claim";
  found: unknown;
  expected: unknown;
}

/** What a verification could not compare with the log. */
export interface UncheckedPart {
  field: "snapshot" | "claim";
  /** Of the decider with the snapshots; of a claim, its decider's and its own: `account/iban`. */
  name: string;
  why: string;
}
