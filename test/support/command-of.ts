import type { RecordedEvent } from "moleculer-event-sourcing";

/** The options of a call with a command id. */
export const named = (commandId: unknown): { headers: { commandId: unknown } } => ({ headers: { commandId } });

/** The id of the command that has stored an event. */
export const commandOf = ({ meta }: Pick<RecordedEvent, "meta">): string => (meta["$command"] as { id: string }).id;
