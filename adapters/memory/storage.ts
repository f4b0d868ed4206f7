import { hostedElsewhere, UnusableStoreError } from "../../core/errors/errors.ts";

/** What outlives the port that has it open: a log or a table, and the right of one host to it. */
export class MemoryStorage {
  readonly location: string;
  #content: object | null = null;
  #isHosted = false;

  constructor(location: string) {
    this.location = location;
  }

  /**
   * Takes the place for one host and answers what stands there; what `make` answers where it is empty.
   * @throws UnusableStoreError where another port has it, or what stands there is of another kind.
   */
  host<Content extends object>(Kind: new () => Content, make = () => new Kind()): Content {
    if (this.#isHosted) throw new UnusableStoreError(this.location, hostedElsewhere);
    const content = this.#content ?? make();
    if (!(content instanceof Kind))
      throw new UnusableStoreError(
        this.location,
        "found a log where a table was expected, or the other way round; expected a place of its own for each",
      );
    this.#content = content;
    this.#isHosted = true;
    return content;
  }

  release(): void {
    this.#isHosted = false;
  }
}
