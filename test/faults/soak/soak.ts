/**
 * Puts mixed load on one node for some time, and compares memory, descriptors, files and control state of the second
 * quarter of that time with the last one. Prints a line per sample and then a table; exits with 1 if a figure has grown
 * or a call has failed.
 *
 * node --expose-gc --conditions=moleculer-event-sourcing:source soak.ts [seconds] [leak]
 *
 * `leak` keeps each event five times, and opens a file before each chore: both must be detected.
 */
import { mkdirSync, mkdtempSync, openSync, rmSync } from "node:fs";
import { devNull, tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as later } from "node:timers/promises";
import { ServiceBroker } from "moleculer";
import { caughtUp } from "../../support/broker.ts";
import { choresOn } from "./chores.ts";
import { Load } from "./load.ts";
import { Sampler, type Sample } from "./samples.ts";
import { soakServices } from "./services.ts";
import { lineOf, tableOf, verdictsOf } from "./verdict.ts";

const seconds = Number(process.argv[2] ?? 3600);
const isLeaking = process.argv[3] === "leak";
/** A sample follows each chore; this many per run if chores take no time. */
const samplesWanted = 360;
/** Afterwards caches, snapshots and past tables are at their limits. */
const roundsBefore = 3;
/** Even if they take longer than `seconds`: each quarter of the samples has the same chores. */
const leastRounds = 4;
const callsPerSecond = 100;

const folder = mkdtempSync(join(tmpdir(), "soak-"));
// Counts only files of this process. SQLite uses the same variable.
process.env["TMPDIR"] = join(folder, "temporary");
mkdirSync(tmpdir());
const data = join(folder, "data");
mkdirSync(data);

const printLine = (cells: readonly (string | number)[], end: string) => console.log(`${lineOf(cells)}  ${end}`);
const leaked: unknown[] = [];
const broker = new ServiceBroker({ nodeID: "soak", logger: { type: "Console", options: { level: "error" } } });
const leak = (event: object) => void leaked.push(...Array.from({ length: 5 }, () => structuredClone(event)));
for (const service of soakServices(data, isLeaking ? leak : () => {})) broker.createService(service);
await broker.start();

const load = new Load(broker, callsPerSecond);
const sampler = new Sampler(data);
const samples: Sample[] = [];
await load.start();
await caughtUp(broker, "shipping");

const { short, long } = choresOn(broker, data);
const [shortOnes, longOnes] = [Object.entries(short), Object.entries(long)];
/** One long chore per round, so that samples do not become rare as the log grows. */
const choresOf = (round: number) => [...shortOnes, longOnes[round % longOnes.length]!];
for (const [name, chore] of [...longOnes, ...Array.from({ length: roundsBefore }, () => shortOnes).flat()])
  await load.guard(name, chore());

const began = performance.now();
const elapsed = () => (performance.now() - began) / 1000;
for (let round = 0; round < leastRounds || elapsed() < seconds; round++) {
  for (const [name, chore] of choresOf(round)) {
    if (isLeaking) leaked.push(openSync(devNull, "r"));
    const since = elapsed();
    await load.guard(name, chore());
    const took = elapsed() - since;
    await later((1000 * seconds) / samplesWanted);
    const sample = sampler.take();
    if (samples.push(sample) === 1) printLine(["second", ...Object.keys(sample), "calls", "late", "faults"], "chore");
    const { calls, late, faults } = load.counts;
    printLine([Math.round(elapsed()), ...Object.values(sample), calls, late, faults], `${name} ${took.toFixed(1)} s`);
  }
}
await load.stop();
for (const consumer of ["things", "balances", "shipping", "watch"]) await caughtUp(broker, consumer);
const events = await broker.call<number>("events.count");
sampler.close();
await broker.stop();
rmSync(folder, { recursive: true });

const verdicts = verdictsOf(samples);
console.log(`\n${tableOf(verdicts)}\n`);
console.log(
  `${events} events, ${load.counts.calls} operations, ${load.counts.late} of them late, in ${Math.round(elapsed())} s`,
);
for (const fault of load.faults) console.log(`fault: ${fault}`);
// A store or table that was not closed keeps the process running.
process.exitCode = verdicts.some(({ hasGrown }) => hasGrown) || load.counts.faults > 0 ? 1 : 0;
