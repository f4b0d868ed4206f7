import type { UntypedActionOptions } from "./action-options.ts";
import type { Role } from "./role.ts";

interface Documentation {
  description: string;
  /** The action changes nothing that is stored. */
  isReading: boolean;
}

const reading = (description: string): Documentation => ({ description, isReading: true });
const writing = (description: string): Documentation => ({ description, isReading: false });

const readsOf = (things: string, thing: string) => ({
  find: reading(`Finds ${things} by a query, with sort, limit and offset.`),
  list: reading(`Returns a page of ${things} that match a query, and the number of all.`),
  count: reading(`Counts the ${things} that match a query.`),
  get: reading(`Returns ${thing} by its id, or several by their ids. Fails if there is none.`),
  resolve: reading(`Returns ${thing} by its id, or null if there is none.`),
});

const consumer = (group: "stream" | "process") => ({
  status: reading("Returns the state, position and lag on this node, and what the consumer waits for."),
  pause: writing("Stops the handling of events on every node. Returns when nothing is in flight."),
  resume: writing("Continues after a pause."),
  parked: reading(`Returns events that could not be handled, with their errors: all, by id, or by ${group}.`),
  retry: writing(`Handles parked events again: all, by id, or by ${group}.`),
  skip: writing("Gives up an event that is parked or waited for, with a reason."),
});

const actions: Record<Role, Readonly<Record<string, Documentation>>> = {
  store: {
    ...readsOf("events", "an event"),
    append: writing("Appends events to a stream in one step, if the stream has the expected version."),
    read: reading("Reads events in the order of their positions: of all streams, a stream, a category or types."),
    streams: reading("Returns the names of streams with their versions, in the order of the names."),
    verify: reading("Checks the log, its claims and the state snapshots, and returns the problems."),
    link: writing("Adds events of other streams to a stream of links."),
    trace: reading("Returns the events with a correlation id as a tree of causes and effects."),
    status: reading("Returns the engine, head, pump and state of the event store."),
    pausePump: writing("Stops handing events to the broker. Tables and other consumers continue."),
    resumePump: writing("Continues to hand events to the broker."),
    resumeAll: writing("Ends the pause of the pump and of all consumers that act, as the command line has begun it."),
    backup: writing("Copies the log to a file while it is in use."),
    export: writing("Writes events to a file, one JSON object per line."),
    import: writing("Appends the events of an exported file."),
  },
  table: {
    ...readsOf("rows", "a row"),
    ...consumer("stream"),
    at: reading("Returns rows as they were at a position or a time."),
    whatIf: reading("Returns how rows would differ if events were skipped, changed or added. Stores nothing."),
    verify: reading("Folds the log again beside the table, and returns the rows that differ."),
    rebuild: writing("Folds the table anew from the log beside the live one, and switches to it."),
    restore: writing("Replaces the rows by those of a snapshot, and pauses the table."),
    replay: writing("Restores a snapshot, and folds the events after it."),
    cancel: writing("Cancels a running rebuild, restore or replay."),
    snapshot: writing("Stores a backup of the table at its position."),
    snapshots: reading("Returns the snapshots of the table on every node."),
  },
  decider: {
    state: reading("Returns an entity's state: now, at a version, or at a time."),
    history: reading("Returns an entity's events."),
    dryRun: reading("Returns the events that a command would append. Stores nothing."),
  },
  "process-manager": {
    ...consumer("process"),
    processes: reading(
      "Returns the processes that have not ended, with states and deadlines, in the order of their ids.",
    ),
  },
  subscription: consumer("stream"),
};

/**
 * What tools and agents are told of an action: `description`, and the option `mcp` of @moleculer/mcp-server, which
 * publishes every action that is not `mcp: false`. An action that writes is published only if the definition says so.
 */
export function documentationOf(role: Role, action: string): Pick<UntypedActionOptions, "description" | "mcp"> {
  const found = actions[role][action];
  if (!found) return {};
  const { description, isReading } = found;
  return { description, mcp: isReading ? { annotations: { readOnlyHint: true } } : false };
}
