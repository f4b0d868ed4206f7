import { v5, v7, validate } from "uuid";

/** RFC 9562 namespace of the ids that are derived from an append's `key`. */
const keyNamespace = "4a3dd1c6-50b9-5f0e-9c1c-6f7b1d8a2e57";

/** A new time-ordered id (UUID version 7), rising within the process. */
export const newEventId = (): string => v7();

/** The id of the event at `index` of an append with a `key`: the same whenever the same append is sent again. */
export const eventIdOfKey = (key: string, index: number): string => v5(`${index}/${key}`, keyNamespace);

export const isEventId = (id: unknown): id is string => typeof id === "string" && validate(id);
