import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { describe, it } from "node:test";
import * as api from "moleculer-event-sourcing";
import * as testing from "moleculer-event-sourcing/testing";
import { openedIn, service, villa } from "../villa.service.js";

const opened = { type: "villa.opened", payload: { name: "Lake House" } };
const require = createRequire(import.meta.url);

describe("A villa", () => {
  it("is opened", () => testing.scenario(villa).given().when("open", { id: "1", name: "Lake House" }).then(opened));

  it("is a row", async () => {
    const broker = await testing.memoryBroker(service);
    assert.deepEqual(await openedIn(broker), [{ id: "1", name: "Lake House" }]);
    await broker.stop();
  });

  it("is of the same code by import and by require", () => {
    const names = Object.entries(require("moleculer-event-sourcing"));
    assert.ok(names.some(([name]) => name === "EventStore"));
    for (const [name, value] of names) assert.equal(api[name], value);
    for (const [name, value] of Object.entries(require("moleculer-event-sourcing/testing")))
      assert.equal(testing[name], value);
  });
});
