import type { ServiceBroker } from "moleculer";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { recordedEvents, type UncheckedEvent } from "./given-event.ts";
import { ProcessRun, type Answers } from "./process-run.ts";

/** An event, by its index, or a deadline. `isWhen`: commands before it are not checked. */
export type Step = { isWhen: boolean } & ({ event: number } | { due: string });

/** The history and the events of a scenario, in order. */
export interface Script {
  definition: ProcessDefinition;
  broker: ServiceBroker | undefined;
  answers: Answers;
  events: readonly UncheckedEvent[];
  steps: readonly Step[];
}

/** @throws ValidationError, UpcastFailedError */
export const eventsOf = ({ definition, events }: Script): RecordedEvent[] =>
  recordedEvents(definition.catalogue, "given-1", events);

/** @throws an outage's error; AssertionError if a deadline is not set */
export async function runOf(script: Script): Promise<ProcessRun> {
  const { definition, answers, broker, steps } = script;
  const events = eventsOf(script);
  const run = new ProcessRun(definition, answers, broker);
  try {
    for (const step of steps) {
      if (step.isWhen) run.sent.length = 0;
      await ("due" in step ? run.fire(step.due) : run.handle(events[step.event]!));
    }
  } finally {
    run.end();
  }
  return run;
}
