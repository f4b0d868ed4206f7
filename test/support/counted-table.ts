import type { Adapter, Batch, Generation, ReadTable } from "moleculer-event-sourcing/adapter";

/** Counts what is written to the tables of an engine, beside their rows. */
export class CountedTable {
  commits = 0;
  /** Of what is kept of parked streams, as JSON. */
  bytes = 0;
  readonly #generations = new WeakMap<Generation, Generation>();

  adapter(real: Adapter): Adapter {
    const { engine, location } = real;
    return { engine, location, readTable: (name) => this.#table(real.readTable!(name)) };
  }

  #table(table: ReadTable): ReadTable {
    return through(table, { live: () => this.#generation(table.live()) });
  }

  /** The same one for the same generation, since callers compare them. */
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
        this.bytes += JSON.stringify(event).length;
        return batch.park(event);
      },
      commit: (progress) => {
        this.commits++;
        return batch.commit(progress);
      },
    });
  }
}

/** The same object, but for these methods. */
function through<Real extends object>(real: Real, methods: Partial<Real>): Real {
  return new Proxy(real, {
    get(_, name) {
      if (Object.hasOwn(methods, name)) return Reflect.get(methods, name);
      const value: unknown = Reflect.get(real, name, real);
      return typeof value === "function" ? value.bind(real) : value;
    },
  });
}
