// Runs by the smallest Node that the package supports: `npm run test:smallest-node`, after a build.
import assert from "node:assert/strict";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../..", import.meta.url));
const { engines } = JSON.parse(readFileSync(`${root}/package.json`, "utf8"));
assert.equal(`>=${process.versions.node}`, `${engines.node}.0`, "this Node and the one that engines names");

// This Node runs the sources if it is told to; processes that specs start are told the same.
const options = ["--experimental-strip-types", "--disable-warning=ExperimentalWarning"];
const env = { ...process.env, NODE_OPTIONS: options.join(" ") };

/** What a process of this Node prints, in the package's own folder, where its name is known. */
const printed = (...args) => execFileSync(process.execPath, args, { cwd: root, encoding: "utf8" });

const uses = `const types = [EventStore, Aggregate, Decider, ProcessManager, Subscription].map((it) => typeof it); console.log(types.join())`;
const names = "{ EventStore, Aggregate, Decider, ProcessManager, Subscription }";
const expected = "function,function,function,function,function\n";
const built = "moleculer-event-sourcing";
assert.equal(printed("--input-type=module", "-e", `import ${names} from "${built}"; ${uses}`), expected);
assert.equal(printed("--input-type=commonjs", "-e", `const ${names} = require("${built}"); ${uses}`), expected);
console.log(`The built package is loaded by import and by require on Node ${process.versions.node}.`);

for (const args of [
  ["--conditions=moleculer-event-sourcing:source", "examples/flights/demo.ts"],
  [
    "--experimental-vm-modules",
    "node_modules/jest/bin/jest.js",
    "--selectProjects",
    "units",
    "--maxWorkers=4",
    "--ci",
    "test/adapters",
    "test/contract",
    "test/core",
    "test/mixins",
  ],
]) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, env, stdio: "inherit" });
  if (status !== 0) process.exit(1);
}
