export type Kind = "lost" | "twice" | "half";

/** What breaks a law, by what has become of it. */
export class Findings {
  readonly counts: Record<Kind, number> = { lost: 0, twice: 0, half: 0 };
  /** The first ones of each kind, in words. */
  readonly examples: string[] = [];

  add(kind: Kind, what: string): void {
    this.counts[kind]++;
    if (this.counts[kind] <= 3) this.examples.push(`${kind}: ${what}`);
  }
}
