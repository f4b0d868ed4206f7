/** One thing in which a stored event breaks a law, or a state snapshot differs from the log. */
export interface LogProblem {
  /** Of the event; of a snapshot, the position that it names. */
  position: number;
  field: "position" | "version" | "time" | "payload" | "meta" | "snapshot";
  found: unknown;
  expected: unknown;
}
