/** A part of a pattern. `exactly` is a UTF-16 unit. */
export type Unit = "anything" | "segment" | "character" | { exactly: number };

const dot = ".".charCodeAt(0);
/** Words of a bit table. */
const words = 16;
const bits = words * 32;

const set = (table: Uint32Array, bit: number): void => void (table[bit >> 5]! |= 1 << (bit & 31));

/**
 * Patterns that are matched together, up to 512 UTF-16 units: the bit-parallel simulation of an automaton (Shift-And,
 * in Navarro and Raffinot, "Flexible Pattern Matching in Strings", 2002). One bit per state of each pattern says
 * whether the text so far can end there.
 */
export class PatternGroup {
  readonly #starts = new Uint32Array(words);
  readonly #ends = new Uint32Array(words);
  /** States that stay active: on any character, and on any character but a dot. */
  readonly #stays = new Uint32Array(words);
  readonly #staysWithoutDot = new Uint32Array(words);
  /** States that any character activates from the state before. */
  readonly #byAny = new Uint32Array(words);
  /** The same per character, including those of `#byAny`. */
  readonly #by = new Map<number, Uint32Array>();
  readonly #reached = new Uint32Array(words);
  #used = 0;

  constructor(first: readonly Unit[]) {
    this.add(first);
  }

  /**
   * Returns false if the pattern does not fit. It has one state more than units: 511 at most, for 255 Unicode
   * characters.
   */
  add(units: readonly Unit[]): boolean {
    if (this.#used + units.length + 1 > bits && this.#used > 0) return false;
    let place = this.#used;
    set(this.#starts, place);
    for (const unit of units) {
      if (unit === "anything") {
        set(this.#stays, place);
        set(this.#staysWithoutDot, place);
      } else if (unit === "segment") set(this.#staysWithoutDot, place);
      else if (unit === "character") {
        set(this.#byAny, ++place);
        for (const table of this.#by.values()) set(table, place);
      } else set(this.#tableOf(unit.exactly), ++place);
    }
    set(this.#ends, place);
    this.#used = place + 1;
    return true;
  }

  #tableOf(character: number): Uint32Array {
    let table = this.#by.get(character);
    if (!table) this.#by.set(character, (table = this.#byAny.slice()));
    return table;
  }

  matches(text: string): boolean {
    const reached = this.#reached;
    reached.set(this.#starts);
    const last = (this.#used - 1) >> 5;
    for (let at = 0; at < text.length; at++) {
      const character = text.charCodeAt(at);
      const by = this.#by.get(character) ?? this.#byAny;
      const stays = character === dot ? this.#stays : this.#staysWithoutDot;
      let carry = 0;
      let any = 0;
      for (let word = 0; word <= last; word++) {
        const before = reached[word]!;
        const after = (((before << 1) | carry) & by[word]!) | (before & stays[word]!);
        carry = before >>> 31;
        reached[word] = after;
        any |= after;
      }
      if (any === 0) return false;
    }
    return this.#ends.some((end, word) => (end & reached[word]!) !== 0);
  }
}
