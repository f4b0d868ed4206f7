import { v5 } from "uuid";

/** RFC 9562 namespace of the ids of the commands that process managers send, and of their deadlines. */
const namespace = "8f0e3f4b-0c57-5d0a-9a43-b1f0c6a5d7e9";

/**
 * The id of the command that a process manager sends as its `ordinal`-th on account of an event or a deadline: the same
 * whenever that is handled again, so that the command's receiver recognises it. From 1.
 */
export const commandId = (cause: string, processManager: string, ordinal: number): string =>
  v5(`${cause}/${processManager}/${ordinal}`, namespace);

/** The same for what is sent to make up for a failure. */
export const compensationId = (cause: string, processManager: string, ordinal: number): string =>
  v5(`${cause}/${processManager}/compensate/${ordinal}`, namespace);

/** The id of a deadline that is set as the `ordinal`-th on account of an event or another deadline. */
export const deadlineId = (cause: string, processManager: string, name: string, ordinal: number): string =>
  v5(`${cause}/${processManager}/deadline/${name}/${ordinal}`, namespace);
