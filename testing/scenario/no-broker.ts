import { ServiceBroker } from "moleculer";

let broker: ServiceBroker | undefined;

/** Creates contexts and validates params if a scenario has no broker. It is never started, and has no services. */
export const noBroker = (): ServiceBroker =>
  (broker ??= new ServiceBroker({ logger: false, skipProcessEventRegistration: true }));
