import type { ParkedChoice } from "../../core/consumer/consumer-control.ts";
import type { ParkedEvent } from "../../core/table/read-table.ts";

/** Whether a parked event is among the chosen ones: every given part of the choice must match. */
export const isChosen = (
  parked: Pick<ParkedEvent, "id" | "stream"> & { process?: string },
  { id, stream, process }: ParkedChoice,
): boolean =>
  (id ?? parked.id) === parked.id &&
  (stream ?? parked.stream) === parked.stream &&
  (process ?? parked.process) === parked.process;
