import assert from "node:assert/strict";
import { ServiceBroker } from "moleculer";
import type { EventLog } from "moleculer-event-sourcing/adapter-kit";
import { ChainedLog } from "moleculer-event-sourcing/adapters/chain";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { moleculerDb } from "moleculer-event-sourcing/adapters/moleculer-db";
import { mongodb } from "moleculer-event-sourcing/adapters/mongodb";
import { nats } from "moleculer-event-sourcing/adapters/nats";
import { postgres } from "moleculer-event-sourcing/adapters/postgres";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import { memoryBroker } from "moleculer-event-sourcing/testing";
import { openedIn, service } from "../typescript/villa.service";

// @ts-expect-error A log has no number: the types of the sub-paths are found.
export const notALog: EventLog = 1;

for (const entry of [ChainedLog, memory, moleculerDb, mongodb, nats, postgres, sqlite, memoryBroker])
  assert.equal(typeof entry, "function");

async function run(): Promise<void> {
  const broker = new ServiceBroker({ logger: false });
  broker.createService(service);
  await broker.start();
  assert.deepEqual(await openedIn(broker), [{ id: "1", name: "Lake House" }]);
  await broker.stop();
}

void run();
