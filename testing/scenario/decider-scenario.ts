import type { ServiceBroker } from "moleculer";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import { DefinitionError } from "../../core/errors/errors.ts";
import { isProblem, toJson } from "../../core/json/json.ts";
import type { EventMap, RecordedEvent } from "../../core/event/recorded-event.ts";
import type { Decided } from "../../mixins/decider/decided.ts";
import type { CommandOf, Decider } from "../../mixins/decider/decider.ts";
import { decisionOf, type CommandContext, type Decision, type SentCommand } from "./decision.ts";
import { expectation, expectEqual, expectError, fail, failBy, partOf, type ExpectedError } from "./expectation.ts";
import { recordedEvents, type GivenEvent } from "./given-event.ts";

type Schemas = Readonly<Record<string, unknown>>;

/** A scenario of a decider: a history, a command, and its result. */
export class DeciderScenario<Events extends EventMap, State, Params extends Schemas> {
  readonly #decider: DeciderDefinition;
  readonly #broker: ServiceBroker | undefined;

  constructor({ definition }: Decider<Events, State, Params>, broker: ServiceBroker | undefined) {
    this.#decider = definition;
    this.#broker = broker;
  }

  /** The history: events of the following command's entity, unless they name another `stream`. */
  given(...events: readonly GivenEvent<Events>[]): DeciderHistory<Events, State, Params> {
    return new DeciderHistory(this.#decider, this.#broker, events);
  }
}

class DeciderHistory<Events extends EventMap, State, Params extends Schemas> {
  readonly #decider: DeciderDefinition;
  readonly #broker: ServiceBroker | undefined;
  readonly #events: readonly GivenEvent<Events>[];

  constructor(decider: DeciderDefinition, broker: ServiceBroker | undefined, events: readonly GivenEvent<Events>[]) {
    this.#decider = decider;
    this.#broker = broker;
    this.#events = events;
  }

  /**
   * The command to send. Its params are validated as always; hooks of the action are not run.
   * @throws DefinitionError if the decider has no such command; ValidationError if the store has no such event
   */
  when<Name extends keyof Params & string>(
    name: Name,
    params: CommandOf<Params[Name]>,
    context: CommandContext = {},
  ): DeciderOutcome<Events, State> {
    const decider = this.#decider;
    if (!decider.commands.has(name)) {
      const expected = `one of the commands ${[...decider.commands.keys()].join(", ")}`;
      throw new DefinitionError({ field: `scenario(${decider.name}).when`, found: name, expected });
    }
    const historyOf = (stream: string) => recordedEvents(decider.catalogue, stream, this.#events);
    // A mistake of the test must not be reported as a refusal.
    historyOf("given");
    const command = { name, params: { ...(params as object) }, ...context };
    return new DeciderOutcome(decider, command, () => decisionOf(decider, historyOf, command, this.#broker));
  }
}

class DeciderOutcome<Events extends EventMap, State> {
  readonly #decider: DeciderDefinition;
  readonly #name: string;
  readonly #decide: () => Promise<Decision>;

  constructor(decider: DeciderDefinition, command: SentCommand, decide: () => Promise<Decision>) {
    this.#decider = decider;
    this.#name = `${decider.name}.${command.name}`;
    this.#decide = decide;
  }

  /**
   * Expects the events that the command decides, by type, payload, and the given fields of `meta`; no arguments expect
   * no events. Or expects the error that refuses it.
   * @throws AssertionError
   */
  // oxlint-disable-next-line unicorn/no-thenable -- what every scenario ends with; see `expectation`
  then(...args: readonly Decided<Events>[] | readonly [refused: ExpectedError]): Promise<void> {
    return expectation<readonly unknown[]>(args, async () => {
      const decision = await this.#outcome();
      const [first] = args;
      const refused = args.length === 1 && !this.#isEvent(first) ? first : null;
      if (refused === null) {
        if ("error" in decision) failBy(`${this.#name} is refused`, decision.error);
        const expected = (args as readonly ExpectedEvent[]).map(asStored);
        const found = decision.events.map((event, index) => shownAs(expected[index], event));
        expectEqual(`${this.#name} decides other events than expected`, found, expected);
      } else if ("error" in decision) {
        expectError(`${this.#name} is refused for another reason than expected`, decision.error, refused);
      } else {
        const found = decision.events.map((event) => shownAs(undefined, event));
        fail(`${this.#name} is not refused`, found, refused);
      }
    });
  }

  /** Expects the entity's state after the command. @throws AssertionError */
  thenState(...args: [expected: State]): Promise<void> {
    return expectation(args, async (expected) => {
      const decision = await this.#outcome();
      if ("error" in decision) failBy(`${this.#name} is refused`, decision.error);
      expectEqual(`${this.#name} has another state than expected`, decision.state, expected);
    });
  }

  #outcome(): Promise<Decision | { error: unknown }> {
    return this.#decide().catch((error: unknown) => ({ error }));
  }

  #isEvent(expected: unknown): boolean {
    return this.#decider.evolve.has((expected as Partial<RecordedEvent> | null)?.type ?? "");
  }
}

interface ExpectedEvent {
  type: string;
  payload?: unknown;
  meta?: object;
}

/** As JSON, without undefined fields. */
function asStored({ payload = {}, ...event }: ExpectedEvent): ExpectedEvent {
  const json = toJson("payload", payload);
  return { ...event, payload: isProblem(json) ? payload : json.value };
}

/** The event, reduced to the fields of the expected one. */
const shownAs = (expected: ExpectedEvent | undefined, { type, payload, meta }: RecordedEvent): ExpectedEvent =>
  expected?.meta ? { type, payload, meta: partOf(meta, expected.meta) as object } : { type, payload };
