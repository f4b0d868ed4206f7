/** A module whose default export, called with `args` in another process, returns a port. */
export interface InProcess {
  /** A URL, like `new URL("./open-log.js", import.meta.url).href`. */
  module: string;
  /** Plain JSON. */
  args: readonly unknown[];
}

/** The path for a place's backup. It does not exist yet; its folder may be missing. */
export interface BackupPlace<Port> {
  to: string;
  /** A port on the backup, as after a restore; not opened. */
  port: () => Port;
}

interface PlaceOf<Port> {
  port(): Port;
  remove(): Promise<void>;
  inProcess?: InProcess;
  backup?: BackupPlace<Port>;
}

/** The ports and places of one case. `end` closes the ports and removes the places. */
export class Fixture<Port extends { close(): Promise<void> }> {
  readonly #newPlace: () => Promise<PlaceOf<Port>>;
  readonly #places = new Map<Port, PlaceOf<Port>>();

  constructor(newPlace: () => Promise<PlaceOf<Port>>) {
    this.#newPlace = newPlace;
  }

  /** A port on a new place, not opened. */
  async port(): Promise<Port> {
    return this.#portOn(await this.#newPlace());
  }

  /** Another port on the same place, not opened. */
  another(port: Port): Port {
    return this.#portOn(this.#places.get(port)!);
  }

  inProcess(port: Port): InProcess {
    const { inProcess } = this.#places.get(port)!;
    if (inProcess) return inProcess;
    throw new Error(
      "the place has no inProcess, expected one: an engine that declares a durability is tested by killing another process",
    );
  }

  backupOf(port: Port): BackupPlace<Port> {
    const { backup } = this.#places.get(port)!;
    if (!backup)
      throw new Error("the place has no backup, expected one: an engine that declares backups needs a path for one");
    return { to: backup.to, port: () => this.#portOn({ port: () => backup.port(), remove: async () => {} }) };
  }

  #portOn(place: PlaceOf<Port>): Port {
    const port = place.port();
    this.#places.set(port, place);
    return port;
  }

  async end(): Promise<void> {
    for (const port of this.#places.keys()) await port.close();
    for (const place of new Set(this.#places.values())) await place.remove();
  }
}
