import type { ServiceBroker } from "moleculer";
import type { Row } from "../core/rows/fields.ts";

/** The fields of the rows, as our aggregate declares them. */
export const propertyFields = {
  code: { type: "string", index: true },
  city: { type: "string", index: true },
  name: "string",
  amount: "integer",
  active: "boolean",
  source: "object",
} as const;

export const rowsPerCity = 100;

/** The row with this number: a unique code, and a city shared with 99 others. */
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

/** Consecutive numbers belong to one city. */
export const cityOf = (number: number) => `City ${Math.floor(number / rowsPerCity)}`;

/** The name of the service with the queries, ours or the peer's. */
export const serviceName = "properties";

/** The three queries; each returns its rows. */
export interface PropertyQueries {
  /** One row, by a field with an index. */
  find(code: string): Promise<Row[]> | Row[];
  /** The rows of one city and their number. */
  list(city: string): Promise<Row[]> | Row[];
  /** A page of all rows and their number. */
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
