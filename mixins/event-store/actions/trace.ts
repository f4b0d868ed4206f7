import { pageBytesOf } from "../../../core/log/page-size.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

/** What a cause led to, in the order of the log. */
export type TraceNode = TracedCommand | TracedEvent;

/** A call that stored events. */
export interface TracedCommand {
  kind: "command";
  /** The command's id; that of the call, or of whatever the events name as their cause, where no decider stored them. */
  id: string;
  /** The action that a decider made; null where no decider stored the events. */
  name: string | null;
  caused: TraceNode[];
}

export interface TracedEvent extends Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position" | "time"> {
  kind: "event";
  caused: TraceNode[];
}

/** The answer of `trace`: all that one request brought about, as a tree of causes. */
export interface Trace {
  correlationId: string;
  /** How many events are in the tree. */
  events: number;
  /** The causes that are no events of it. */
  tree: TraceNode[];
  /** There are more than these; left out where there are not. */
  truncated?: true;
}

/** The most that a tree of causes holds. */
export interface TraceLimits {
  events: number;
  /** Events in a row, each caused by the one before: deeper nests, no JSON of a transporter carries. */
  depth: number;
  bytes: number;
}

interface Place {
  caused: TraceNode[];
  depth: number;
}

/** The tree of what one request brought about, built while its events are read in the order of the log. */
export class Tracing {
  readonly trace: Trace;
  readonly #limits: TraceLimits;
  readonly #places = new Map<string, Place>();
  /** Events that are not in the tree: what they caused is not either. */
  readonly #cut = new Set<string>();
  readonly #commands = new Map<TraceNode[], Map<string, TracedCommand>>();
  #bytes = 0;

  constructor(correlationId: string, limits: TraceLimits) {
    this.trace = { correlationId, events: 0, tree: [] };
    this.#limits = limits;
  }

  /** No more events fit into the tree. */
  get isFull(): boolean {
    return this.trace.events >= this.#limits.events || this.#bytes >= this.#limits.bytes;
  }

  add({ id, type, stream, version, position, time, meta }: RecordedEvent): void {
    const { causationId } = meta;
    // A cause stands before its effects in the log: one that does not is taken for one that is no event of it.
    const cause = this.#places.get(causationId) ?? { caused: this.trace.tree, depth: 0 };
    if (this.isFull || this.#cut.has(causationId) || cause.depth === this.#limits.depth) {
      this.#cut.add(id);
      this.trace.truncated = true;
      return;
    }
    const event: TracedEvent = { kind: "event", id, type, stream, version, position, time, caused: [] };
    const command = commandOf(meta["command"]) ?? (cause.depth === 0 ? { id: causationId, name: null } : null);
    (command ? this.#caused(cause.caused, command) : cause.caused).push(event);
    this.#places.set(id, { caused: event.caused, depth: cause.depth + 1 });
    this.#bytes += pageBytesOf(stream, type, "", "");
    this.trace.events++;
  }

  /** One command stands once among the effects of a cause, with all that it stored. */
  #caused(effects: TraceNode[], { id, name }: Pick<TracedCommand, "id" | "name">): TraceNode[] {
    const known = this.#commands.get(effects) ?? new Map<string, TracedCommand>();
    this.#commands.set(effects, known);
    const key = JSON.stringify([id, name]);
    let command = known.get(key);
    if (!command) {
      command = { kind: "command", id, name, caused: [] };
      known.set(key, command);
      effects.push(command);
      this.#bytes += pageBytesOf(id, name ?? "", "", "");
    }
    return command.caused;
  }
}

/** Whoever appends may write what he likes into meta. */
function commandOf(found: unknown): Pick<TracedCommand, "id" | "name"> | null {
  const { id, name } = (found ?? {}) as Record<string, unknown>;
  return typeof id === "string" && typeof name === "string" ? { id, name } : null;
}
