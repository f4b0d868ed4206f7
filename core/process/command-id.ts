import { v5 } from "uuid";

/** RFC 9562 namespace of the ids of process managers' commands and deadlines. */
const namespace = "8f0e3f4b-0c57-5d0a-9a43-b1f0c6a5d7e9";

/**
 * The id of the `ordinal`-th command, from 1, that a process manager sends because of an event or a deadline. The same
 * if the cause is handled again, so that the receiver recognises the command.
 */
export const commandId = (cause: string, processManager: string, ordinal: number): string =>
  v5(`${cause}/${processManager}/${ordinal}`, namespace);

/** The id of a command that `compensate` sends. */
export const compensationId = (cause: string, processManager: string, ordinal: number): string =>
  v5(`${cause}/${processManager}/compensate/${ordinal}`, namespace);

/** The id of the `ordinal`-th deadline that is set because of an event or another deadline. */
export const deadlineId = (cause: string, processManager: string, name: string, ordinal: number): string =>
  v5(`${cause}/${processManager}/deadline/${name}/${ordinal}`, namespace);
