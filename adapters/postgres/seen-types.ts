/** More than a catalogue has. If a store has an unlimited number of types, the first ones are kept. */
const most = 1000;

/** The event types that have been read, so that the server can omit those that a reader does not want. */
export class SeenTypes {
  readonly #types = new Set<string>();

  unwanted(wanted: ((type: string) => boolean) | undefined): string[] {
    return wanted ? [...this.#types].filter((type) => !wanted(type)) : [];
  }

  add(type: string): void {
    if (this.#types.size < most) this.#types.add(type);
  }
}
