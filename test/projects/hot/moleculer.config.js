const assert = require("node:assert/strict");
const { readFileSync, writeFileSync } = require("node:fs");
const { once } = require("node:events");
const { openedIn } = require("../villa.service.js");

const file = `${__dirname}/services/villa.service.js`;

/** Changes the service's file, and calls the reloaded service. */
async function check(broker) {
  assert.deepEqual(await openedIn(broker), [{ id: "1", name: "Lake House" }]);
  assert.equal(await broker.call("villa.greet"), "Hello");
  writeFileSync(file, readFileSync(file, "utf8").replace("Hello", "Welcome"));
  while ((await broker.call("villa.greet").catch(() => null)) !== "Welcome")
    await once(broker.localBus, "$services.changed");
  await broker.waitForServices(["villas", "villaEvents"]);
  assert.equal(await broker.call("villas.count"), 1);
}

module.exports = {
  logger: false,
  // The runner watches the files from here on.
  started: (broker) =>
    check(broker).then(
      () => process.exit(),
      (error) => {
        console.error(error);
        process.exit(1);
      },
    ),
};
