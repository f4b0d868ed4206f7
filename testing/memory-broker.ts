import { ServiceBroker, type ServiceSchema } from "moleculer";
import { memory } from "../adapters/memory/memory.ts";
import { replaceAdapters, type Adapter } from "../core/adapter.ts";

/**
 * A started broker with these services, without transporter and logger. Its event stores and tables are in memory and
 * empty at first, whatever their definitions say. `broker.stop()` ends it.
 *
 * @example const broker = await memoryBroker(accountService);
 */
export async function memoryBroker(...services: ServiceSchema[]): Promise<ServiceBroker> {
  // The process belongs to the test runner: a broker with Moleculer's defaults would end it, and with code 0.
  const options = { logger: false, registry: { stopDelay: 0 }, skipProcessEventRegistration: true };
  const broker = new ServiceBroker(options);
  const places = new Map<string, Adapter>();
  replaceAdapters(broker, ({ location, keepsApart }, name) => {
    const key = JSON.stringify(keepsApart ? [location, name] : [location]);
    const place = places.get(key) ?? memory();
    places.set(key, place);
    return place;
  });
  try {
    for (const service of services) broker.createService(service);
    await broker.start();
  } catch (error) {
    await broker.stop();
    throw error;
  }
  return broker;
}
