export type Kind = "lost" | "twice" | "half";

/** Violations of the laws, counted by kind. */
export class Findings {
  readonly counts: Record<Kind, number> = { lost: 0, twice: 0, half: 0 };
  /** The first ones of each kind, as text. */
  readonly examples: string[] = [];

  add(kind: Kind, what: string): void {
    this.counts[kind]++;
    if (this.counts[kind] <= 3) this.examples.push(`${kind}: ${what}`);
  }
}
