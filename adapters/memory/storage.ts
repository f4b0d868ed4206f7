import { hostedElsewhere, UnusableStoreError } from "../../core/errors/errors.ts";

/** A log or a table, which outlives its ports. One port at a time has it open. */
export class MemoryStorage {
  readonly location: string;
  #content: object | null = null;
  #isHosted = false;

  constructor(location: string) {
    this.location = location;
  }

  /**
   * Takes the storage for one host. Returns its content, or that of `make` if it is empty.
   * @throws UnusableStoreError if another port has it, or if its content is of another kind
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
