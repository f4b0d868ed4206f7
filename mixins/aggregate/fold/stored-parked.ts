import { readFormat, withFormat, type Formatted } from "../../../core/log/stored-format.ts";
import type { Generation, ParkedStream } from "../../../core/table/read-table.ts";

/** A parked event as a table stores it. */
export const toStoredParked = (parked: ParkedStream): Formatted<ParkedStream> => withFormat("parked", parked);

/** The parked events of a generation. @throws UnusableStoreError if a newer version has written one */
export async function parkedIn(generation: Generation): Promise<ParkedStream[]> {
  const stored = await generation.parked();
  return stored.map((one) => readFormat(`parked event ${one.id}`, "parked", one));
}
