import type { ServiceBroker } from "moleculer";
import { correlationOf } from "../../core/process/correlation.ts";
import { restoredError } from "../../core/process/kept-error.ts";
import type { StoredProcess } from "../../core/process/stored-process.ts";
import type { ProcessDefinition } from "../../core/process/definition.ts";
import { freezeEvent, type RecordedEvent } from "../../core/event/recorded-event.ts";
import { typeMatcher } from "../../core/event/type-pattern.ts";
import { parsePolicy } from "../../mixins/consumer/error-policy.ts";
import { withCommandId } from "../../mixins/service/command-header.ts";
import { Failures } from "../../mixins/consumer/failures.ts";
import { EventCaller } from "../../mixins/consumer/event-caller.ts";
import { TimeLimit } from "../../mixins/consumer/time-limit.ts";
import { Processes } from "../../mixins/process-manager/processes.ts";
import { ProcessQueue } from "../../mixins/process-manager/process-queue.ts";
import { ProcessRunner, type Outside } from "../../mixins/process-manager/process-runner.ts";
import { WaitingEvents } from "../../mixins/process-manager/waiting-events.ts";
import { fail } from "./expectation.ts";
import { keptInMemory } from "./kept-in-memory.ts";
import { noBroker } from "./no-broker.ts";

/** Results of commands, by action. An Error is a refusal; a function is called each time. */
export type Answers = Readonly<Record<string, unknown>>;

/** A sent command. */
export interface Sent {
  action: string;
  params: unknown;
  meta: Readonly<Record<string, unknown>>;
}

/** Handles events and deadlines in sequence like a process manager, with its processes in memory. */
export class ProcessRun {
  readonly sent: Sent[] = [];
  /** The process of the last event that belongs to a process. */
  id: string | null = null;
  #failure: { error: unknown } | null = null;
  readonly #definition: ProcessDefinition;
  readonly #processes: Processes;
  readonly #queue: ProcessQueue;
  readonly #timeLimit: TimeLimit;

  constructor(definition: ProcessDefinition, answers: Answers, broker: ServiceBroker | undefined) {
    const { name } = definition;
    this.#definition = definition;
    const never = () => false;
    const policy = parsePolicy(name, { retries: 0, delayMs: 0 });
    this.#timeLimit = new TimeLimit(policy.timeoutMs, name);
    this.#processes = new Processes({ name, ...keptInMemory(), tell: () => {} });
    const failures = new Failures(name, policy);
    const common = { definition, processes: this.#processes, failures, timeLimit: this.#timeLimit };
    const runner = new ProcessRunner({
      ...common,
      outside: this.#outside(answers, broker),
      isInCharge: () => true,
      sleep: async () => {},
      isInterrupted: never,
      isStopping: never,
    });
    this.#queue = new ProcessQueue({
      ...common,
      runner,
      // Without a later time there is no other attempt: the error is the scenario's.
      known: { postpone: () => null, isPostponed: never, endPostponement: () => {} },
      // Events that wait behind a parked one; none are ever released here.
      waiting: new WaitingEvents({
        definition,
        source: { page: () => Promise.reject(new Error("a scenario has no log")) },
        isGivenUp: never,
        isLost: never,
      }),
      isGivenUp: never,
      isLost: never,
      mustStop: never,
      warn: () => {},
      debug: () => {},
    });
  }

  #outside(answers: Answers, broker: ServiceBroker | undefined): Outside {
    const caller = new EventCaller(broker ?? noBroker());
    return {
      context: ({ causationId: id, correlationId, depth }) =>
        caller.newContext({ id, meta: { correlationId, causationId: "", $causationDepth: depth } }),
      send: async (ctx, { action, params, commandId, options }) => {
        const { meta = {} } = options;
        this.sent.push({ action, params, meta });
        if (!Object.hasOwn(answers, action)) {
          const own = withCommandId(commandId, options);
          return broker ? caller.callIn(ctx, action, params, own) : undefined;
        }
        const known = answers[action];
        const answer: unknown = typeof known === "function" ? await known(params, meta) : known;
        if (answer instanceof Error) throw answer;
        return answer;
      },
      chain: async () => [],
      onHandled: () => {},
    };
  }

  /** @throws an outage's error */
  async handle(event: RecordedEvent): Promise<void> {
    const { on } = this.#definition;
    if (!typeMatcher(on.map(({ pattern }) => pattern))(event.type)) return;
    freezeEvent(event);
    try {
      const id = correlationOf(this.#definition, event);
      if (id === null) return;
      this.id = id;
    } catch (error) {
      this.#failure = { error };
      return;
    }
    await this.#queue.add(this.id, [event]);
  }

  /** Advances time to a deadline of the last process; earlier ones fire, too. @throws AssertionError */
  async fire(name: string): Promise<void> {
    const { id } = this;
    const { deadlines = [] } = (await this.kept()).process ?? {};
    const deadline = deadlines.find((one) => one.name === name);
    const found = deadlines.map((one) => one.name);
    if (id === null || !deadline) fail(`${this.#definition.name} has no such deadline to come`, found, name);
    await this.#queue.fire(id, Date.parse(deadline.when));
  }

  /** The last process. */
  async kept(): Promise<{ process: StoredProcess | null; hasEnded: boolean }> {
    return this.id === null ? { process: null, hasEnded: false } : this.#processes.load(this.id);
  }

  /** The error of the last process, or of its correlation. */
  async failure(): Promise<{ error: unknown } | null> {
    const { parked } = (await this.kept()).process ?? {};
    return parked?.error ? { error: restoredError(parked.error) } : this.#failure;
  }

  end(): void {
    this.#timeLimit.end();
  }
}
