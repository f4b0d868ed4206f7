import { randomUUID } from "node:crypto";
import { newFolder } from "./broker.ts";
import { sql } from "./postgres-server.ts";

const variables = ["EVENT_STORE", "READ_TABLES"] as const;
/** The values before the tests. */
const named = variables.map((variable) => process.env[variable]);

/**
 * Gives the examples empty places from now on, on the servers that their variables name. One server remains one place.
 */
export async function newPlaces(): Promise<void> {
  const places = new Map<string, string>();
  for (const [index, variable] of variables.entries()) {
    const server = named[index];
    if (!server) continue;
    const place = places.get(server) ?? (await newPlaceOn(server));
    places.set(server, place);
    process.env[variable] = place;
  }
}

async function newPlaceOn(server: string): Promise<string> {
  const name = `p${randomUUID().slice(0, 8)}`;
  const folder = `folder=${newFolder()}`;
  if (server.startsWith("nats:")) return `${server}?prefix=${name}-&${folder}`;
  if (server.startsWith("mongodb:")) return `${server}/${name}?${folder}`;
  if (!server.startsWith("postgres:")) throw new Error(`found ${server}, expected the URL of a server`);
  await sql(server, `CREATE DATABASE ${name}`);
  const place = new URL(server);
  place.pathname = name;
  place.searchParams.set("folder", newFolder());
  return place.href;
}
