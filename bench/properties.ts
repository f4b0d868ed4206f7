import type { ServiceBroker } from "moleculer";
import type { Row } from "../core/rows/fields.ts";

/** The rows that are found and listed, as our aggregate declares them. */
export const propertyFields = {
  code: { type: "string", index: true },
  city: { type: "string", index: true },
  name: "string",
  amount: "integer",
  active: "boolean",
  source: "object",
} as const;

export const rowsPerCity = 100;

/** The row with this number: a code of its own, a city that it shares with 99 others. */
export function propertyOf(number: number) {
  return {
    id: `property-${String(number).padStart(8, "0")}`,
    code: `code-${number}`,
    city: cityOf(number),
    name: `Beach villa ${number}`,
    amount: number,
    active: number % 2 === 0,
    source: { system: "bench", reference: `import-${number}` },
  };
}

/** Numbers that follow each other belong to one city. */
export const cityOf = (number: number) => `City ${Math.floor(number / rowsPerCity)}`;

/** The name of the service that answers them, ours or the peer's. */
export const serviceName = "properties";

/** The three queries; each answers its rows. */
export interface PropertyQueries {
  /** One row, by a field with an index. */
  find(code: string): Promise<Row[]> | Row[];
  /** The rows of one city and how many there are. */
  list(city: string): Promise<Row[]> | Row[];
  /** A page of all rows and how many there are. */
  page(page: number): Promise<Row[]> | Row[];
}

export const throughBroker = (broker: ServiceBroker): PropertyQueries => {
  const list = async (params: object) =>
    (await broker.call<{ rows: Row[] }, object>(`${serviceName}.list`, { ...params, pageSize: rowsPerCity })).rows;
  return {
    find: (code) => broker.call(`${serviceName}.find`, { query: { code } }),
    list: (city) => list({ query: { city } }),
    page: (page) => list({ page }),
  };
};
