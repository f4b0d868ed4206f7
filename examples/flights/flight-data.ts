import { readFileSync } from "node:fs";

/** A flight of the data set: minutes of delay (negative: early), miles, IATA codes, local time of departure. */
export interface Flight {
  /** `2001/01/01 00:47` */
  date: string;
  delay: number;
  distance: number;
  origin: string;
  destination: string;
}

export interface Airport {
  name: string;
  city: string;
}

const dataFile = (name: string): string =>
  readFileSync(new URL(`../data/${name}`, import.meta.resolve("vega-datasets")), "utf8");

/** Domestic flights in the USA in early 2001, in order of their departure. */
export const readFlights = (size: "2k" | "20k"): Flight[] => JSON.parse(dataFile(`flights-${size}.json`)) as Flight[];

/** Airports by IATA code. */
export function readAirports(): Map<string, Airport> {
  const [, ...lines] = dataFile("airports.csv").trim().split(/\r?\n/);
  return new Map(
    lines.map((line) => {
      const [iata = "", name = "", city = ""] = cellsOf(line);
      return [iata, { name, city }];
    }),
  );
}

/** RFC 4180, without line breaks inside a cell: `a,"b, ""c""",d` are three cells. */
const cellsOf = (line: string): string[] =>
  [...line.matchAll(/(?:^|,)(?:"((?:[^"]|"")*)"|([^,]*))/g)].map(
    ([, quoted, bare]) => quoted?.replaceAll('""', '"') ?? bare ?? "",
  );
