/** More than a catalogue has; a store whose types never end is read with those in it that came first. */
const most = 1000;

/** The types that were read so far, so that the server can leave out those that a reader does not want. */
export class SeenTypes {
  readonly #types = new Set<string>();

  unwanted(wanted: ((type: string) => boolean) | undefined): string[] {
    return wanted ? [...this.#types].filter((type) => !wanted(type)) : [];
  }

  add(type: string): void {
    if (this.#types.size < most) this.#types.add(type);
  }
}
