import type { ServiceBroker } from "moleculer";
import { dueTime, type Duration } from "../../core/process/deadline.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import type { EventMap } from "../../core/event/recorded-event.ts";
import type { ProcessManager } from "../../mixins/process-manager/process-manager.ts";
import { expectation, expectEqual, expectError, fail, failBy, partOf, type ExpectedError } from "./expectation.ts";
import type { GivenEvent } from "./given-event.ts";
import type { Answers, ProcessRun } from "./process-run.ts";
import { eventsOf, runOf, type Script, type Step } from "./process-script.ts";

/** An expected command; only the given fields of `meta` are compared. */
export interface ExpectedCommand {
  action: string;
  /** Default: `{}`. */
  params?: unknown;
  meta?: Readonly<Record<string, unknown>>;
}

/** An expected deadline. */
export interface ExpectedDeadline<Name extends string> {
  name: Name;
  /** A Date, an ISO 8601 time, or milliseconds after the last event's time. Default: any. */
  when?: Date | Duration | string | number;
  /** Default: any. */
  data?: unknown;
}

/** A scenario of a process manager. Each function returns a new scenario; those that begin with `then` check it. */
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
   * The results of commands, by action: a value, an Error for a refusal, or a function of the params. Other commands go
   * to the scenario's broker; without one their result is undefined.
   */
  answering(answers: Answers): ProcessManagerScenario<Events, State, Names> {
    return new ProcessManagerScenario({ ...this.#script, answers: { ...this.#script.answers, ...answers } });
  }

  /** The history, in the order of the log. @throws ValidationError if the store has no such event */
  given(...events: readonly GivenEvent<Events>[]): ProcessManagerScenario<Events, State, Names> {
    return this.#with(
      events,
      events.map((_, index) => ({ event: this.#script.events.length + index, isWhen: false })),
    );
  }

  /** The event to handle; only its commands are checked. @throws ValidationError if the store has no such event */
  when(event: GivenEvent<Events>): ProcessManagerScenario<Events, State, Names> {
    return this.#with([event], [{ event: this.#script.events.length, isWhen: true }]);
  }

  /** Advances time to this deadline of the last event's process; earlier ones fire, too. */
  whenDue(name: Names): ProcessManagerScenario<Events, State, Names> {
    return this.#with([], [{ due: name, isWhen: true }]);
  }

  #with(events: readonly GivenEvent<Events>[], steps: readonly Step[]): ProcessManagerScenario<Events, State, Names> {
    const script = {
      ...this.#script,
      events: [...this.#script.events, ...events],
      steps: [...this.#script.steps, ...steps],
    };
    // Reports a mistake of the test at its own line.
    eventsOf(script);
    return new ProcessManagerScenario(script);
  }

  /** Expects all commands, in order. @throws AssertionError */
  thenSends(...args: readonly ExpectedCommand[]): Promise<void> {
    return expectation(args, () =>
      this.#look(async ({ sent }) => {
        const expected = args.map(({ params = {}, ...command }) => ({ ...command, params: asJson(params) }));
        const found = sent.map(({ action, params, meta }, index) => {
          const wanted = expected[index]?.meta;
          return { action, params: asJson(params), ...(wanted && { meta: partOf(meta, wanted) }) };
        });
        expectEqual(`${this.#what} sends other commands than expected`, found, expected);
      }),
    );
  }

  /** Expects all deadlines of the last event's process, in the order of their times. @throws AssertionError */
  thenSchedules(...args: readonly ExpectedDeadline<Names>[]): Promise<void> {
    return expectation(args, () =>
      this.#look(async (run) => {
        const { deadlines = [] } = (await run.kept()).process ?? {};
        const expected = args.map((deadline) => this.#withTime(deadline));
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

  /** Expects the state of the last event's process. @throws AssertionError */
  thenState(...args: [expected: State]): Promise<void> {
    return expectation(args, (expected) =>
      this.#look(async (run) => {
        const { state } = (await run.kept()).process ?? {};
        expectEqual(`${this.#what} has another state than expected`, state, expected);
      }),
    );
  }

  /** Expects the last event's process to have ended. @throws AssertionError */
  thenEnds(): Promise<void> {
    return expectation([], () =>
      this.#look(async (run) => {
        const { process, hasEnded } = await run.kept();
        if (!hasEnded)
          fail(`${this.#what} does not end`, process && { state: process.state }, "the end of the process");
      }),
    );
  }

  /**
   * Expects the last event's process to be parked. Errors are neither retried nor compensated here. @throws
   * AssertionError
   */
  thenParks(...args: [error: ExpectedError]): Promise<void> {
    return expectation(args, async (expected) => {
      const run = await runOf(this.#script);
      const failure = await run.failure();
      if (!failure) fail(`${this.#what} is not parked`, run.sent, expected);
      // Only the fields of an error are stored.
      const kept = typeof expected === "function" ? { name: expected.name } : expected;
      expectError(`${this.#what} is parked for another reason than expected`, failure.error, kept);
    });
  }

  /**
   * A scenario that is awaited without an expectation fails.
   * oxlint-disable-next-line unicorn/no-thenable -- so that it does
   */
  // oxlint-disable-next-line unicorn/no-thenable -- so that it does
  then(...args: never[]): Promise<void> {
    return expectation(args, async () => fail(`${this.#what}: then`, args, "thenSends, thenSchedules, thenState …"));
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
