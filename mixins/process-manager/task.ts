import type { ProcessCause } from "../../core/process/attempt.ts";
import { depthOf } from "../../core/event/causation.ts";
import type { Deadline, KeptDeadline } from "../../core/process/deadline.ts";
import type { ParkedProcess } from "../../core/process/stored-process.ts";
import type { ProcessDefinition, ProcessView } from "../../core/process/definition.ts";
import { partsOf, type PageEvent } from "../../core/event/page-event.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import { parkedAs } from "../consumer/parked-streams.ts";

/** One event or deadline for a process to handle. */
export type Task =
  { kind: "event"; event: PageEvent; unreadable?: unknown } | { kind: "deadline"; deadline: KeptDeadline };

type Handler = (view: ProcessView) => unknown;

export const taskId = (task: Task): string => (task.kind === "event" ? task.event.id : task.deadline.id);

/** The event, or one that stands for the deadline. */
export function eventOf(task: Task): RecordedEvent {
  if (task.kind === "event") return task.event;
  const { id, name, when, data, correlationId, causationId } = task.deadline;
  const place = { id, type: name, stream: "", version: 0, position: 0 };
  return { ...place, time: when, payload: { data }, meta: { correlationId, causationId } };
}

export const plainDeadline = ({ id, name, when, data }: KeptDeadline): Deadline => ({ id, name, when, data });

export function causeOf(task: Task): ProcessCause {
  if (task.kind === "deadline") {
    const { id, name, when, correlationId, causationId, depth } = task.deadline;
    return { id, handler: `the handler of deadline ${name}`, time: when, correlationId, causationId, depth };
  }
  const { event } = task;
  const { id, time, type, meta } = event;
  const handler = `the handler of ${type}`;
  return { id, handler, time, correlationId: meta.correlationId, causationId: id, depth: depthOf(event) };
}

export function parkedTask(task: Task, process: string, failure: { error: unknown; attempts: number }): ParkedProcess {
  return { ...parkedAs(eventOf(task), failure), process, kind: task.kind };
}

/** The handlers of a task in their declared order. */
export function handlersOf(definition: ProcessDefinition): (task: Task) => Handler[] {
  const patterns = definition.on.map((one) => ({ ...one, isFor: typeMatcher([one.pattern]) }));
  return (task) => {
    if (task.kind === "event")
      return partsOf(task.event).flatMap((event) =>
        patterns.flatMap(({ handler, isFor }) =>
          isFor(event.type) ? [(view: ProcessView) => handler(freezeEvent(event), view)] : [],
        ),
      );
    const { name } = task.deadline;
    const handler = Object.hasOwn(definition.deadlines, name) ? definition.deadlines[name] : undefined;
    // An earlier version of the service has scheduled it.
    if (!handler) throw new Error(`${definition.name}: there is no handler of deadline ${name} (any more)`);
    return [(view) => handler(plainDeadline(task.deadline), view)];
  };
}

/** The functions that a task runs, by which tasks of different processes are compared. */
export function neededBy({ on, deadlines }: ProcessDefinition): (task: Task) => readonly unknown[] {
  const patterns = on.map((one) => ({ ...one, isFor: typeMatcher([one.pattern]) }));
  return (task) =>
    task.kind === "deadline"
      ? [deadlines[task.deadline.name]]
      : partsOf(task.event).flatMap(({ type }) =>
          patterns.flatMap(({ handler, isFor }) => (isFor(type) ? [handler] : [])),
        );
}
