interface Place {
  adapter?: string;
}

/** Where an example keeps its log, as an option: `data/<name>.db`, or the server that EVENT_STORE names. */
export const log = (): Place => placeFrom("EVENT_STORE");

/** Where it keeps its tables: beside the log, or on the server that READ_TABLES names. */
export const tables = (): Place => placeFrom("READ_TABLES");

/** A connection string, like nats://localhost:4222. */
function placeFrom(variable: string): Place {
  const adapter = process.env[variable];
  return adapter ? { adapter } : {};
}
