import type { ServiceBroker } from "moleculer";
import type { FieldsInput } from "../core/fields.ts";
import type { EventMap } from "../core/recorded-event.ts";
import type { Aggregate } from "../mixins/aggregate/aggregate.ts";
import { AggregateScenario } from "./scenario/aggregate-scenario.ts";

export interface ScenarioOptions {
  /** For whatever calls actions. A memory broker with the service under test, and stand-ins for what it calls. */
  broker?: ServiceBroker;
}

/**
 * Tests a definition without a store. What comes of it is a promise, which fails with an AssertionError that shows the
 * difference: for any test runner.
 *
 * @example await scenario(baskets).given([], [{ type: "item.added", payload: { id: "1", price: 5 } }]).then([{ id: "1", total: 5 }]);
 */
export function scenario<Events extends EventMap, Fields extends FieldsInput>(
  aggregate: Aggregate<Events, Fields>,
  { broker }: ScenarioOptions = {},
): AggregateScenario<Events, Fields> {
  return new AggregateScenario(aggregate, broker);
}
