import { pageBytesOf } from "../../../core/log/page-size.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";

/** An effect of a cause. Effects are in the order of the log. */
export type TraceNode = TracedCommand | TracedEvent;

/** A call that stored events. */
export interface TracedCommand {
  kind: "command";
  /** The command's id. If no decider stored the events: their `causationId`, such as the id of the call. */
  id: string;
  /** The name of the decider's action; null if no decider stored the events. */
  name: string | null;
  caused: TraceNode[];
}

export interface TracedEvent extends Pick<RecordedEvent, "id" | "type" | "stream" | "version" | "position" | "time"> {
  kind: "event";
  caused: TraceNode[];
}

/** The result of `trace`: the events of one request, as a tree of causes. */
export interface Trace {
  correlationId: string;
  /** The number of events in the tree. */
  events: number;
  /** The roots: causes that are not events of the request. */
  tree: TraceNode[];
  /** How far the log has been searched. */
  position: number;
  /** False if the request has more events than the tree. */
  end: boolean;
}

/** The limits of a tree of causes. */
export interface TraceLimits {
  events: number;
  /** The longest chain of events that cause each other: a serializer cannot nest JSON deeper. */
  depth: number;
  bytes: number;
}

interface TreePlace {
  caused: TraceNode[];
  depth: number;
}

/** Builds the tree of causes of one request. Events are added in the order of the log. */
export class TraceBuilder {
  readonly trace: Trace;
  readonly #limits: TraceLimits;
  readonly #places = new Map<string, TreePlace>();
  /** Omitted events, whose effects are omitted as well. */
  readonly #cut = new Set<string>();
  readonly #commands = new Map<TraceNode[], Map<string, TracedCommand>>();
  #bytes = 0;

  constructor(correlationId: string, limits: TraceLimits) {
    this.trace = { correlationId, events: 0, tree: [], position: 0, end: true };
    this.#limits = limits;
  }

  /** True if the tree can contain no further event. */
  get isFull(): boolean {
    return this.trace.events >= this.#limits.events || this.#bytes >= this.#limits.bytes;
  }

  add({ id, type, stream, version, position, time, meta }: RecordedEvent): void {
    const { causationId } = meta;
    // A cause precedes its effects in the log. An unknown cause therefore becomes a root.
    const cause = this.#places.get(causationId) ?? { caused: this.trace.tree, depth: 0 };
    if (this.isFull || this.#cut.has(causationId) || cause.depth === this.#limits.depth) {
      this.#cut.add(id);
      this.trace.end = false;
      return;
    }
    const event: TracedEvent = { kind: "event", id, type, stream, version, position, time, caused: [] };
    const command = commandOf(meta["$command"]) ?? (cause.depth === 0 ? { id: causationId, name: null } : null);
    (command ? this.#effectsOf(cause.caused, command) : cause.caused).push(event);
    this.#places.set(id, { caused: event.caused, depth: cause.depth + 1 });
    this.#bytes += pageBytesOf(stream, type, "", "");
    this.trace.events++;
  }

  /** Returns the effects of a command, which is one node among the effects of its cause. */
  #effectsOf(effects: TraceNode[], { id, name }: Pick<TracedCommand, "id" | "name">): TraceNode[] {
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

/** Null for a malformed value: callers may append any meta. */
function commandOf(found: unknown): Pick<TracedCommand, "id" | "name"> | null {
  const { id, name } = (found ?? {}) as Record<string, unknown>;
  return typeof id === "string" && typeof name === "string" ? { id, name } : null;
}
