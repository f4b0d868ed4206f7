import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { describeMachine } from "./machine.ts";
import { measureAll } from "./measure.ts";
import { parts } from "./parts.ts";
import { toMarkdown } from "./report.ts";
import { summarize } from "./summary.ts";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    quick: { type: "boolean", default: false },
    repeats: { type: "string" },
    profile: { type: "boolean", default: false },
    case: { type: "string", default: "" },
  },
});
const { quick } = values;
const repeats = Number(values.repeats ?? (quick ? 1 : 5));
if (!Number.isSafeInteger(repeats) || repeats < 1) {
  console.error(`--repeats: found ${values.repeats}, expected a whole number from 1`);
  process.exit(1);
}
const unknown = positionals.find((name) => !Object.hasOwn(parts, name));
if (unknown !== undefined) {
  console.error(`There is no part ${unknown}; expected some of ${Object.keys(parts).join(", ")}`);
  process.exit(1);
}
const folder = here(`data/${process.pid}`);
mkdirSync(folder, { recursive: true });
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
process.on("SIGINT", () => process.exit(130));

const machine = describeMachine(folder);
const results = await measureAll({
  folder,
  parts: positionals.length > 0 ? positionals : Object.keys(parts),
  cases: values.case,
  quick,
  repeats,
  profiles: values.profile ? here("data/profiles") : null,
  say: (progress) => console.error(progress),
});
if (results.length === 0) {
  console.error(`--case: no case of these parts has "${values.case}" in its name`);
  process.exit(1);
}
const lines = results.flatMap(summarize);
const markdown = toMarkdown({ machine, quick, repeats, lines, cases: results.map((result) => result.case) });
writeFileSync(here("results.json"), `${JSON.stringify({ machine, quick, repeats, lines }, null, 2)}\n`);
writeFileSync(here("results.md"), markdown);
console.log(markdown);
