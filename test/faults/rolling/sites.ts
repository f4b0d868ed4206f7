import { newFolder } from "../../support/broker.ts";
import type { Site } from "./deploy.ts";
import { tables, type Table } from "./shop.ts";

interface Servers {
  nats: string;
  postgres: string;
}

const tablesAt = (place: (table: Table) => string) =>
  Object.fromEntries(tables.map((table) => [table, place(table)])) as Record<Table, string>;

/** The folder of a node; the same one when it returns with another release. */
const folders = () => {
  const known = new Map<string, string>();
  return (name: string) => {
    const folder = known.get(name) ?? newFolder();
    known.set(name, folder);
    return folder;
  };
};

/** The log on PostgreSQL, and a table of each node's own. */
export function postgresSite({ nats, postgres }: Servers): Site {
  const folder = folders();
  return {
    transporter: nats,
    shared: [],
    places: (name) => ({
      log: `${postgres}?schema=log`,
      tables: tablesAt((table) => `sqlite:${folder(name)}/${table}.db`),
    }),
  };
}

/** The log on NATS, and tables of each node's own. */
export function natsSite({ nats }: Servers): Site {
  const folder = folders();
  return {
    transporter: nats,
    shared: [],
    places: (name) => ({
      log: `${nats}?folder=${folder(name)}`,
      tables: tablesAt((table) => `sqlite:${folder(name)}/${table}.db`),
    }),
  };
}

/** The name of the node that hosts the log of `sqliteSite`. */
export const storeNode = "store";

/** One node hosts the log in a file; each has tables of its own. */
export function sqliteSite({ nats }: Servers): Site {
  const folder = folders();
  return {
    transporter: nats,
    shared: [],
    places: (name) => ({
      ...(name === storeNode && { log: `sqlite:${folder(name)}/events.db` }),
      tables: tablesAt((table) => `sqlite:${folder(name)}/${table}.db`),
    }),
  };
}
