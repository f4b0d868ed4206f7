interface Place {
  adapter?: string;
}

/** The log of an example, as an option: `data/<name>.db`, or the server named by EVENT_STORE. */
export const log = (): Place => placeFrom("EVENT_STORE");

/** The tables of an example: next to the log, or on the server named by READ_TABLES. */
export const tables = (): Place => placeFrom("READ_TABLES");

/** A connection string, like nats://localhost:4222. */
function placeFrom(variable: string): Place {
  const adapter = process.env[variable];
  return adapter ? { adapter } : {};
}
