import { ServiceBroker } from "moleculer";

let broker: ServiceBroker | undefined;

/** Makes contexts and validates params where a scenario was given no broker. It is never started, and has no services. */
export const noBroker = (): ServiceBroker =>
  (broker ??= new ServiceBroker({ logger: false, skipProcessEventRegistration: true }));
