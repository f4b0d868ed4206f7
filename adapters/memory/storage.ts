import { hostedElsewhere, UnusableStoreError } from "../../core/errors/errors.ts";

/** The content of a log or a table. It outlives the logs and tables that open it, one at a time. */
export class MemoryStorage {
  readonly location: string;
  #content: object | null = null;
  #isHosted = false;

  constructor(location: string) {
    this.location = location;
  }

  /**
   * Opens the storage for one host. Returns its content, or the result of `make` if it is empty.
   * @throws UnusableStoreError if it is open already, or if its content is of another kind
   */
  host<Content extends object>(Kind: new () => Content, make = () => new Kind()): Content {
    if (this.#isHosted) throw new UnusableStoreError(this.location, hostedElsewhere);
    const content = this.#content ?? make();
    if (!(content instanceof Kind))
      throw new UnusableStoreError(
        this.location,
        "found a log and a table with the same name, expected a separate name for each",
      );
    this.#content = content;
    this.#isHosted = true;
    return content;
  }

  release(): void {
    this.#isHosted = false;
  }
}
