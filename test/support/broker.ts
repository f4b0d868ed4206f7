import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ServiceBroker, type BrokerOptions, type ServiceSchema } from "moleculer";

const folders: string[] = [];
const brokers: ServiceBroker[] = [];

/** A new folder for this test; removed after the test. */
export function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "moleculer-event-sourcing-"));
  folders.push(folder);
  return folder;
}

/** A broker that logs only errors; stopped after the test. */
export function newBroker(options: BrokerOptions = {}): ServiceBroker {
  const broker = new ServiceBroker({
    nodeID: `node-${brokers.length + 1}`,
    logger: false,
    registry: { stopDelay: 0 },
    ...options,
  });
  brokers.push(broker);
  return broker;
}

export async function startBroker(services: ServiceSchema[], options: BrokerOptions = {}): Promise<ServiceBroker> {
  const broker = newBroker(options);
  for (const service of services) broker.createService(service);
  await broker.start();
  return broker;
}

/** Call it in `afterEach`. */
export async function cleanUp(): Promise<void> {
  for (const broker of brokers.splice(0)) if (broker.started) await broker.stop();
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
}

/** Repeats `ask` until it does not throw; fails with its last error after `withinMs`. */
export async function eventually<Answer>(ask: () => Answer | Promise<Answer>, withinMs = 60_000): Promise<Answer> {
  // Not the wall clock, which some tests set.
  const deadline = performance.now() + withinMs;
  for (;;) {
    try {
      return await ask();
    } catch (error) {
      if (performance.now() > deadline) throw error;
      await new Promise((turn) => setTimeout(turn, 5));
    }
  }
}

/** The error that a call rejects with, for checks of its fields. */
export async function refusal(
  call: () => unknown,
): Promise<Error & { code?: number; type?: string; data?: unknown; retryable?: boolean }> {
  try {
    await call();
  } catch (error) {
    return error as Error;
  }
  throw new Error("the call was not refused");
}

/** Waits until the aggregate has folded all events of the log. */
export const caughtUp = (broker: ServiceBroker, aggregate: string) =>
  eventually(async () => {
    const status: { lag: number | null; state: string } = await broker.call(`${aggregate}.status`);
    if (status.lag !== 0) throw new Error(`${aggregate} lags: ${JSON.stringify(status)}`);
    return status;
  });
