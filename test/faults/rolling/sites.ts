import { randomUUID } from "node:crypto";
import { newFolder } from "../../support/broker.ts";
import type { Site } from "./deploy.ts";
import { tables, type Table } from "./shop.ts";

/** URLs. */
interface Servers {
  nats: string;
  postgres: string;
}

const newName = () => `p${randomUUID().slice(0, 8)}`;

/** The folder of a node; the same one when it returns with another release. */
const folders = () => {
  const known = new Map<string, string>();
  return (name: string) => {
    const folder = known.get(name) ?? newFolder();
    known.set(name, folder);
    return folder;
  };
};

const tablesAt = (placeOf: (table: Table) => string) =>
  Object.fromEntries(tables.map((table) => [table, placeOf(table)])) as Record<Table, string>;

const inFolder = (folder: string) => (table: Table) => `sqlite:${folder}/${table}.db`;

/** Log and tables on PostgreSQL. */
export function postgresSite({ nats, postgres }: Servers): Site {
  const name = newName();
  const places = {
    log: `${postgres}?schema=log_${name}`,
    tables: tablesAt((table) => `${postgres}?schema=${table}_${name}`),
  };
  return { transporter: nats, shared: tables, places: () => places };
}

/** The log on NATS, a table on PostgreSQL, and two that each node has in its folder. */
export function natsSite({ nats, postgres }: Servers): Site {
  const prefix = newName();
  const folder = folders();
  return {
    transporter: nats,
    shared: ["bills"],
    places: (name) => ({
      log: `${nats}?prefix=${prefix}-&folder=${folder(name)}`,
      tables: { ...tablesAt(inFolder(folder(name))), bills: `${postgres}?schema=bills_${prefix}` },
    }),
  };
}

/** The name of the node that hosts the log of `sqliteSite`. */
export const storeNode = "store";

/** One node hosts the log in a file; each has its tables in its folder. */
export function sqliteSite({ nats }: Servers): Site {
  const folder = folders();
  return {
    transporter: nats,
    shared: [],
    places: (name) => ({
      ...(name === storeNode && { log: `sqlite:${folder(name)}/events.db` }),
      tables: tablesAt(inFolder(folder(name))),
    }),
  };
}
