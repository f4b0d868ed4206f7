import type { Adapter, Batch, Generation, ReadTable } from "moleculer-event-sourcing/adapter-kit";

/** Counts writes to the tables of an engine, other than rows. */
export class CountedTable {
  commits = 0;
  /** Writes of parked streams. */
  writes = 0;
  /** Their bytes, as JSON. */
  bytes = 0;
  readonly #generations = new WeakMap<Generation, Generation>();

  adapter(real: Adapter): Adapter {
    const { engine, location } = real;
    return { engine, location, readTable: (name) => this.#table(real.readTable!(name)) };
  }

  #table(table: ReadTable): ReadTable {
    return through(table, { live: () => this.#generation(table.live()) });
  }

  /** One wrapper per generation, since callers compare them. */
  #generation(generation: Generation): Generation {
    const known = this.#generations.get(generation);
    if (known) return known;
    const counted = through(generation, {
      begin: () => {
        const begun = generation.begin();
        return begun instanceof Promise ? begun.then((batch) => this.#batch(batch)) : this.#batch(begun);
      },
    });
    this.#generations.set(generation, counted);
    return counted;
  }

  #batch(batch: Batch): Batch {
    return through(batch, {
      park: (event) => {
        this.writes++;
        this.bytes += JSON.stringify(event).length;
        return batch.park(event);
      },
      unpark: (id) => {
        this.writes++;
        return batch.unpark(id);
      },
      commit: (progress) => {
        this.commits++;
        return batch.commit(progress);
      },
    });
  }
}

/** The same object with these methods replaced. */
export function through<Real extends object>(real: Real, methods: Partial<Real>): Real {
  return new Proxy(real, {
    get(_, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
}
