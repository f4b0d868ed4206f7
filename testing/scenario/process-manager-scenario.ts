import type { ServiceBroker } from "moleculer";
import { dueTime } from "../../core/process/deadline.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import type { EventMap } from "../../core/event/recorded-event.ts";
import type { ProcessManager } from "../../mixins/process-manager/process-manager.ts";
import { expectation, expectEqual, expectError, fail, failBy, partOf, type ExpectedError } from "./expectation.ts";
import type { GivenEvent } from "./given-event.ts";
import type { Answers, ProcessRun } from "./process-run.ts";
import { eventsOf, runOf, type Script, type Step } from "./process-script.ts";

/** A command as it is expected; of `meta` as much as matters. */
export interface ExpectedCommand {
  action: string;
  /** Left out: `{}`. */
  params?: unknown;
  meta?: Readonly<Record<string, unknown>>;
}

/** A deadline as it is expected. */
export interface ExpectedDeadline<Name extends string> {
  name: Name;
  /** A Date, an ISO 8601 time, or milliseconds after the last event's time. Left out: any. */
  when?: Date | string | number;
  /** Left out: any. */
  data?: unknown;
}

/** What a process manager is tested by. Each function answers a new scenario; those that begin with `then` look at it. */
export class ProcessManagerScenario<Events extends EventMap, State, Names extends string> {
  readonly #script: Script;

  constructor(script: Script) {
    this.#script = script;
  }

  static of<Events extends EventMap, State, Names extends string>(
    { definition }: ProcessManager<Events, State, Names>,
    broker: ServiceBroker | undefined,
  ): ProcessManagerScenario<Events, State, Names> {
    return new ProcessManagerScenario({ definition, broker, answers: {}, events: [], steps: [] });
  }

  /**
   * What commands are answered, by action: a value, an Error for a refusal, or a function of the params. Others go to the
   * broker of the scenario; without one their answer is undefined.
   */
  answering(answers: Answers): ProcessManagerScenario<Events, State, Names> {
    return new ProcessManagerScenario({ ...this.#script, answers: { ...this.#script.answers, ...answers } });
  }

  /** What has happened, in the order of the log. @throws ValidationError where the store has no such event */
  given(...events: readonly GivenEvent<Events>[]): ProcessManagerScenario<Events, State, Names> {
    return this.#with(
      events,
      events.map((_, index) => ({ event: this.#script.events.length + index, isWhen: false })),
    );
  }

  /** What happens then: of the commands, its own alone are looked at. @throws ValidationError where the store has no such event */
  when(event: GivenEvent<Events>): ProcessManagerScenario<Events, State, Names> {
    return this.#with([event], [{ event: this.#script.events.length, isWhen: true }]);
  }

  /** The deadline comes that the last event's process has, with those that are due before it. */
  whenDue(name: Names): ProcessManagerScenario<Events, State, Names> {
    return this.#with([], [{ due: name, isWhen: true }]);
  }

  #with(events: readonly GivenEvent<Events>[], steps: readonly Step[]): ProcessManagerScenario<Events, State, Names> {
    const script = {
      ...this.#script,
      events: [...this.#script.events, ...events],
      steps: [...this.#script.steps, ...steps],
    };
    // A mistake of the test is told where it stands.
    eventsOf(script);
    return new ProcessManagerScenario(script);
  }

  /** All commands that are sent, in their order. @throws AssertionError */
  thenSends(...said: readonly ExpectedCommand[]): Promise<void> {
    return expectation(said, () =>
      this.#look(async ({ sent }) => {
        const expected = said.map(({ params = {}, ...command }) => ({ ...command, params: asJson(params) }));
        const found = sent.map(({ action, params, meta }, index) => {
          const wanted = expected[index]?.meta;
          return { action, params: asJson(params), ...(wanted && { meta: partOf(meta, wanted) }) };
        });
        expectEqual(`${this.#what} sends other commands than expected`, found, expected);
      }),
    );
  }

  /** All deadlines that the last event's process has then, in the order in which they are due. @throws AssertionError */
  thenSchedules(...said: readonly ExpectedDeadline<Names>[]): Promise<void> {
    return expectation(said, () =>
      this.#look(async (run) => {
        const { deadlines = [] } = (await run.kept()).instance ?? {};
        const expected = said.map((deadline) => this.#withTime(deadline));
        const found = deadlines
          .toSorted((a, b) => Date.parse(a.when) - Date.parse(b.when))
          .map(({ name, when, data }, index) => ({
            name,
            ...(expected[index]?.when !== undefined && { when }),
            ...(expected[index]?.data !== undefined && { data }),
          }));
        expectEqual(`${this.#what} has other deadlines than expected`, found, expected);
      }),
    );
  }

  #withTime({ when, ...deadline }: ExpectedDeadline<Names>): ExpectedDeadline<Names> {
    if (when === undefined) return deadline;
    const due = dueTime("when", when, eventsOf(this.#script).at(-1)?.time ?? "");
    return { ...deadline, when: typeof due === "string" ? due : when };
  }

  /** The state of the last event's process. @throws AssertionError */
  thenState(...said: [expected: State]): Promise<void> {
    return expectation(said, (expected) =>
      this.#look(async (run) => {
        const { state } = (await run.kept()).instance ?? {};
        expectEqual(`${this.#what} comes to another state than expected`, state, expected);
      }),
    );
  }

  /** The last event's process is over. @throws AssertionError */
  thenEnds(): Promise<void> {
    return expectation([], () =>
      this.#look(async (run) => {
        const { instance, hasEnded } = await run.kept();
        if (!hasEnded)
          fail(`${this.#what} does not end`, instance && { state: instance.state }, "the end of the process");
      }),
    );
  }

  /** The last event's process is parked: the error is neither retried here, nor made up for. @throws AssertionError */
  thenParks(...said: [error: ExpectedError]): Promise<void> {
    return expectation(said, async (expected) => {
      const run = await runOf(this.#script);
      const failure = await run.failure();
      if (!failure) fail(`${this.#what} is not parked`, run.sent, expected);
      // What is kept of an error is its fields.
      const kept = typeof expected === "function" ? { name: expected.name } : expected;
      expectError(`${this.#what} is parked for another reason than expected`, failure.error, kept);
    });
  }

  /** A scenario that is awaited before it looks at anything fails. */
  // oxlint-disable-next-line unicorn/no-thenable -- so that it does
  then(...said: never[]): Promise<void> {
    return expectation(said, async () => fail(`${this.#what}: then`, said, "thenSends, thenSchedules, thenState …"));
  }

  async #look(look: (run: ProcessRun) => Promise<void>): Promise<void> {
    const run = await runOf(this.#script);
    const failure = await run.failure();
    if (failure) failBy(`${this.#what} is parked`, failure.error);
    await look(run);
  }

  get #what(): string {
    return this.#script.definition.name;
  }
}

function asJson(value: unknown): unknown {
  const json = toJson("", value);
  return isProblem(json) ? value : json.value;
}
