import assert from "node:assert/strict";
import { it } from "node:test";
import { memoryBroker } from "moleculer-event-sourcing/testing";
// Its folder is a CommonJS project.
import { openedIn, service } from "../typescript/villa.service.ts";

it("A villa is a row", async () => {
  const broker = await memoryBroker(service);
  assert.deepEqual(await openedIn(broker), [{ id: "1", name: "Lake House" }]);
  await broker.stop();
});
