import type { PoolConfig } from "pg";
import { DefinitionError } from "../../core/errors/errors.ts";
import { isPlainObject } from "../../core/options/options.ts";

/** Options of the driver's pool in addition to the URL: `ssl`, `password` as a function, `max` and others. */
export type DriverOptions = Omit<PoolConfig, OfUrl | Ours>;

const ofUrl = ["connectionString", "host", "port", "user", "database"] as const;
type OfUrl = (typeof ofUrl)[number];
const ours = ["types", "Client", "Promise"] as const;
type Ours = (typeof ours)[number];

/** Connections for single statements, and for transactions, each of which keeps its connection. */
export interface Room {
  statements: number;
  transactions: number;
}

/** Defaults. Further statements wait for a connection. */
const most: Room = { statements: 10, transactions: 50 };

/** One for each of the two pools: an open transaction may need a statement on another connection to continue. */
export const leastConnections = 2;

export function roomFor(max = most.statements + most.transactions): Room {
  const statements = Math.min(most.statements, Math.max(1, Math.floor(max / 3)));
  return { statements, transactions: Math.max(1, max - statements) };
}

/** @throws DefinitionError */
export function checkDriverOptions(field: string, given: unknown): DriverOptions {
  const refuse = (name: string, found: unknown, expected: string): never => {
    throw new DefinitionError({ field: `${field}${name}`, found, expected });
  };
  if (!isPlainObject(given)) return refuse("", given, "an object for the driver's Pool");
  const options = given as Record<string, unknown>;
  for (const name of ofUrl) if (name in options) refuse(`.${name}`, name, "it in the URL");
  for (const name of ours) if (name in options) refuse(`.${name}`, name, "none: the adapter sets it");
  const { max } = options as DriverOptions;
  if (max !== undefined && (!Number.isSafeInteger(max) || max < leastConnections))
    refuse(".max", max, `a whole number from ${leastConnections}`);
  return options;
}
