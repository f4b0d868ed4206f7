import type { ActionSchema, ServiceBroker, ServiceSchema } from "moleculer";
import { knownNames, unknown } from "./known-names.ts";
import { byName, ruleLines } from "./rule-text.ts";

type Actions = NonNullable<ServiceSchema["actions"]>;

/** Each service on the broker, with its actions and their params: callers' first, those between nodes after. */
export function actionLines(broker: ServiceBroker): string[] {
  const services = broker.services
    .filter(({ name }) => name !== "$node")
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return services.flatMap(({ name, schema }) => ["", `### ${name}`, ...linesOf(schema.actions ?? {})]);
}

const linesOf = (actions: Actions): string[] =>
  Object.entries(actions)
    .toSorted(byName)
    .flatMap(([name, action]) => {
      const { visibility = "published", params = {} } = action as ActionSchema;
      const { $$strict, ...declared } = params as { $$strict?: unknown };
      const rules = Object.entries(declared).toSorted(byName);
      return [
        `${name} (${visibility}${$$strict === true ? ", strict" : ""})`,
        ...rules.flatMap(([param, rule]) => ruleLines(param, rule)).map((line) => `  ${line}`),
      ];
    });

/** The events that services listen to. */
export const heardLines = (broker: ServiceBroker): string[] =>
  broker.services
    .flatMap(({ name, schema }) => Object.keys(schema.events ?? {}).map((event) => `${name} listens to ${event}`))
    .toSorted();

/** The metrics that are registered. */
export function metricLines(broker: ServiceBroker): string[] {
  const metrics = broker.metrics.list({ includes: "moleculer.eventsourcing.**" });
  const lines = metrics.map(
    ({ name, type, unit, labelNames }) =>
      `${name}: ${type}${unit ? ` in ${unit}s` : ""}, labels ${labelNames.toSorted().join(", ")}`,
  );
  return lines.toSorted();
}

/** The params of `append`, which checks them itself. */
export const appendLine = async (broker: ServiceBroker): Promise<string> =>
  broker.call("store.append", unknown).then(
    () => "append: any",
    (error: unknown) => `append: ${knownNames(error).join(", ")}`,
  );
