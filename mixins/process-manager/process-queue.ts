import {
  dueDeadlines,
  isFree,
  released,
  withoutDeadline,
  type ParkedProcess,
  type ProcessInstance,
} from "../../core/process/instance.ts";
import { freezeEvent, type RecordedEvent } from "../../core/recorded-event.ts";
import { parkedWarning } from "../consumer/parked-events.ts";
import type { EventSource } from "../consumer/event-source.ts";
import type { Instances } from "./instances.ts";
import type { Processed, Processing } from "./processing.ts";
import { parkedTask, type Task } from "./task.ts";

interface Dependencies {
  source: Pick<EventSource, "page">;
  instances: Instances;
  processing: Processing;
  isGivenUp: (id: string) => boolean;
  mustStop: () => boolean;
  warn: (message: string, details: object) => void;
}

/** One process's events and deadlines in their order, whatever of them fails. */
export class ProcessQueue {
  readonly #d: Dependencies;
  /** How many were parked since the last that was handled. */
  parkedInARow = 0;
  #handled = 0;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
  }

  /**
   * Answers how many of the events, from the first on, are done with: handled, parked, or waiting, for which one write is
   * enough; 0 where it was interrupted. `isLate`: newer ones of the process may have been handled.
   */
  async add(id: string, events: readonly RecordedEvent[], isLate = false): Promise<number> {
    const { instances } = this.#d;
    const event = events[0]!;
    const before = await instances.load(id);
    // Where this process has died before its checkpoint was written, events come again.
    if (before.hasEnded || (before.instance && hasSeen(before.instance, event.position, isLate))) return 1;
    if (!(await this.#fireBefore(id, event))) return 0;
    const { instance, hasEnded } = await instances.load(id);
    if (hasEnded) return 1;
    const seen = (now: ProcessInstance, position = event.position): ProcessInstance =>
      isLate ? { ...now, late: [...(now.late ?? []), position] } : { ...now, position };
    if (!instance || isFree(instance)) return Number(await this.#run(id, { kind: "event", event }, seen));
    const added = (instance.parked ? events : [event]).map(({ position }) => position);
    const unseen = added.filter((position) => !hasSeen(instance, position, isLate));
    const waiting = [...instance.waiting, ...unseen].toSorted((a, b) => a - b);
    await instances.save(id, { ...seen(instance, added.at(-1)), waiting });
    return (await this.goOn(id)) ? added.length : 0;
  }

  /** An event of a deadline's own moment has come in time; one that was begun goes the way that it has begun first. */
  async #fireBefore(id: string, event: RecordedEvent): Promise<boolean> {
    const { instance } = await this.#d.instances.load(id);
    return instance?.known?.of === event.id || this.fire(id, Date.parse(event.time) - 1);
  }

  /**
   * Handles the deadlines that are due by then; false where it was interrupted. What they themselves set in the past has its
   * turn another time, or one that sets itself again would leave nobody else any.
   */
  async fire(id: string, until: number): Promise<boolean> {
    const { instance: before } = await this.#d.instances.load(id);
    for (const { id: due } of before ? dueDeadlines(before, until) : []) {
      const { instance } = await this.#d.instances.load(id);
      const deadline = instance?.deadlines.find((one) => one.id === due);
      if (!instance || !deadline || instance.parked) continue;
      if (this.#d.mustStop()) return false;
      const done = (now: ProcessInstance) => withoutDeadline(now, due);
      if (this.#d.isGivenUp(due)) await this.#d.instances.save(id, done(instance));
      else if (!(await this.#run(id, { kind: "deadline", deadline }, done))) return false;
    }
    return true;
  }

  /** Handles what has waited behind something that does not stand in the way any more; false where it was interrupted. */
  async goOn(id: string): Promise<boolean> {
    for (;;) {
      const { instance } = await this.#d.instances.load(id);
      const next = instance?.waiting[0];
      if (!instance || instance.parked || next === undefined) return true;
      if (this.#d.mustStop()) return false;
      // There may be thousands, and none may ever leave the thread by itself: the lease has to be renewed meanwhile.
      await new Promise((turn) => setImmediate(turn));
      const task = await this.#eventAt(next);
      const passed = (now: ProcessInstance) => ({ ...now, waiting: now.waiting.filter((one) => one !== next) });
      if (!task || this.#d.isGivenUp(task.event.id)) await this.#d.instances.save(id, passed(instance));
      else if (!(await this.#fireBefore(id, task.event))) return false;
      else if (!(await this.#isParked(id)) && !(await this.#run(id, task, passed))) return false;
    }
  }

  async #isParked(id: string): Promise<boolean> {
    return (await this.#d.instances.load(id)).instance?.parked !== undefined;
  }

  /** Tries what is parked again, or gives it up, and then goes on; answers how many events and deadlines were handled. */
  async release(id: string): Promise<number> {
    const { instance } = await this.#d.instances.load(id);
    if (!instance?.parked) return 0;
    const { parked } = instance;
    const task = parked.kind === "event" ? await this.#eventAt(parked.position) : deadlineIn(instance, parked.id);
    const passed = (now: ProcessInstance) => released(withoutDeadline(now, parked.id));
    const before = this.#handled;
    if (!task || this.#d.isGivenUp(parked.id)) await this.#d.instances.save(id, passed(instance));
    else {
      const end = await this.#d.processing.run(id, task, passed, { once: true });
      if (typeof end === "object") await this.#park(id, task, { ...end, attempts: parked.attempts + 1 }, (now) => now);
      if (end !== "done") return 0;
      this.#handled++;
    }
    await this.goOn(id);
    return this.#handled - before;
  }

  async #run(id: string, task: Task, passed: (now: ProcessInstance) => ProcessInstance): Promise<boolean> {
    const end: Processed = await this.#d.processing.run(id, task, passed);
    if (end === "interrupted") return false;
    if (end === "done") {
      this.parkedInARow = 0;
      this.#handled++;
      return true;
    }
    await this.#park(id, task, end, task.kind === "event" ? passed : (now) => now);
    this.parkedInARow++;
    return true;
  }

  async #park(
    id: string,
    task: Task,
    failure: { error: unknown; attempts: number },
    passed: (now: ProcessInstance) => ProcessInstance,
  ): Promise<void> {
    const parked: ParkedProcess = parkedTask(task, id, failure);
    const instance = await this.#d.processing.instance(id, task);
    await this.#d.instances.save(id, { ...passed(instance), parked });
    const [, details] = parkedWarning(parked);
    this.#d.warn("A process is parked: its later events wait, those of others go on", { instance: id, ...details });
  }

  async #eventAt(position: number): Promise<(Task & { kind: "event" }) | null> {
    const { events, unreadable } = await this.#d.source.page(position - 1, 1);
    const event = events.find((one) => one.position === position);
    return event ? { kind: "event", event: freezeEvent(event), unreadable: unreadable?.[event.id] } : null;
  }
}

const hasSeen = ({ late = [], position: done }: ProcessInstance, position: number, isLate: boolean): boolean =>
  late.includes(position) || (!isLate && position <= done);

function deadlineIn({ deadlines }: ProcessInstance, id: string): Task | null {
  const deadline = deadlines.find((one) => one.id === id);
  return deadline ? { kind: "deadline", deadline } : null;
}
