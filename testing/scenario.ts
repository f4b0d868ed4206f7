import type { ServiceBroker } from "moleculer";
import type { FieldsInput } from "../core/rows/fields.ts";
import type { EventMap } from "../core/event/recorded-event.ts";
import type { Aggregate } from "../mixins/aggregate/aggregate.ts";
import type { Decider } from "../mixins/decider/decider.ts";
import type { ProcessManager } from "../mixins/process-manager/process-manager.ts";
import { AggregateScenario } from "./scenario/aggregate-scenario.ts";
import { DeciderScenario } from "./scenario/decider-scenario.ts";
import { ProcessManagerScenario } from "./scenario/process-manager-scenario.ts";

/** Options of a scenario. */
export interface ScenarioOptions {
  /**
   * A memory broker with the service under test and fakes of the services that it calls; required if actions are
   * called.
   */
  broker?: ServiceBroker;
}

/**
 * Tests a decider, an aggregate or a process manager by itself: its history, its input, its result. The last call
 * returns a promise that rejects with an AssertionError that shows the difference, for any test runner.
 *
 * @example await scenario(account).given({ type: "account.opened", payload: {} }).when("withdraw", { id: "1", amount: 5
 * }).then(InsufficientFunds);
 * @example await scenario(baskets).given([], [{ type: "item.added", payload: { id: "1", price: 5 } }]).then([{ id: "1",
 * total: 5 }]);
 * @example await scenario(transfers).given({ type: "transfer.requested", payload }).thenSends({ action:
 * "account.withdraw", params: { id: "1" } });
 */
export function scenario<Events extends EventMap, State, Params extends Readonly<Record<string, unknown>>>(
  decider: Decider<Events, State, Params>,
  options?: ScenarioOptions,
): DeciderScenario<Events, State, Params>;
export function scenario<Events extends EventMap, Fields extends FieldsInput>(
  aggregate: Aggregate<Events, Fields>,
  options?: ScenarioOptions,
): AggregateScenario<Events, Fields>;
export function scenario<Events extends EventMap, State, Names extends string>(
  processManager: ProcessManager<Events, State, Names>,
  options?: ScenarioOptions,
): ProcessManagerScenario<Events, State, Names>;
export function scenario(subject: Decider | Aggregate | ProcessManager, { broker }: ScenarioOptions = {}): object {
  if ("fields" in subject) return new AggregateScenario(subject, broker);
  if ("commands" in subject.definition) return new DeciderScenario(subject as Decider, broker);
  return ProcessManagerScenario.of(subject as ProcessManager, broker);
}
