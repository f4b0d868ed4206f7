import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { cpSync, readFileSync, symlinkSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { stripVTControlCharacters } from "node:util";
import { cleanUp, eventually, newFolder } from "../support/broker.ts";
import { newPlaces } from "../support/places.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));
let npm: ChildProcessWithoutNullStreams;
let said = "";
let folder: string;

/** `npm start` in a folder of its own, so that its data is nobody else's. */
beforeAll(async () => {
  folder = newFolder();
  await newPlaces();
  for (const name of ["package.json", "moleculer.config.ts", "examples", "index.ts", "core", "adapters", "mixins"])
    cpSync(join(root, name), join(folder, name), { recursive: true });
  symlinkSync(join(root, "node_modules"), join(folder, "node_modules"));
  // A group of its own: npm, its shell and the node end together.
  // The variables of a test are a copy, which a process gets only where it is handed on.
  npm = spawn("npm", ["start"], { cwd: folder, detached: true, env: process.env });
  const hear = (chunk: Buffer) => (said += stripVTControlCharacters(chunk.toString()));
  npm.stdout.on("data", hear);
  npm.stderr.on("data", hear);
  await eventually(() => {
    if (!said.includes("mol $")) throw new Error(`no prompt yet: ${said}`);
  });
});

afterAll(async () => {
  if (npm.exitCode === null) process.kill(-npm.pid!, "SIGKILL");
  await cleanUp();
});

/** Types a line and answers what is printed up to the next prompt. */
async function type(line: string): Promise<string> {
  const before = said.length;
  npm.stdin.write(`${line}\n`);
  return eventually(() => {
    const answer = said.slice(before);
    // The prompt comes through one pipe and an error through another, in any order.
    expect(answer).toMatch(/>> Response:[\s\S]*mol \$|>> ERROR:[\s\S]*Data:[\s\S]*\}/);
    expect(answer).toContain("mol $");
    return answer;
  });
}

const propertiesFolded = () =>
  eventually(async () => {
    const status = await type("call propertyAggregate.status");
    if (!status.includes("lag: 0")) throw new Error(status);
  });

/** In the order of the lines, by a part of each: what is answered, with named groups for later lines, or why it is refused. */
type Expected = readonly (readonly [line: string, answer: RegExp | string])[];

/** Types a README line by line, and answers what of the expected never came. A line that is not expected to be refused is not. */
async function follow(example: string, expected: Expected): Promise<Expected> {
  const readme = readFileSync(join(root, "examples", example, "README.md"), "utf8");
  const names = new Map<string, string>();
  const left = [...expected];
  for (const [, line] of readme.matchAll(/^mol \$ (.*)$/gm)) {
    const [, answer = null] = left[0] && line!.includes(left[0][0]) ? left.shift()! : [];
    const typed = line!.replaceAll(/\b[A-Z]{5,}\b/g, (name) => names.get(name) ?? name);
    // A table or a process may not have come to the event yet.
    const said = await eventually(async () => {
      const text = await type(typed);
      expect(text).toMatch(answer ?? "");
      return text;
    }, 10_000);
    expect([line, said.includes(">> ERROR")]).toEqual([line, typeof answer === "string"]);
    const { groups = {} } = (answer instanceof RegExp && answer.exec(said)) || {};
    for (const [name, value] of Object.entries(groups)) names.set(name, value);
  }
  return left;
}

describe("The examples in the REPL", () => {
  it("store an event, fold it and find it again", async () => {
    const created = await type('call property.create --id 42 --name "Beach Villa" --city Wanaka --countryCode NZ');
    expect(created).toContain("stream: 'property-42'");
    expect(created).toContain("version: 1");

    await eventually(async () =>
      expect(await type("call propertySummaryAggregate.find --query.countryCode NZ")).toContain("total: 1"),
    );
    expect(await type("call propertyEventStore.find --query.type property.created")).toContain("name: 'Beach Villa'");
    expect(await type("call propertyAggregate.get --id 42")).toContain("city: 'Wanaka'");
  });

  it("explain a mistake", async () => {
    const answer = await type("call propertyAggregate.find --query.town Wanaka");
    expect(answer).toContain(
      'query.town: found "town", expected one of the fields id, name, active, city, countryCode, source',
    );
  });

  it("go back and forth, line by line as the README says", async () => {
    const readme = readFileSync(join(root, "examples/property/README.md"), "utf8");
    const lines = readme.slice(readme.indexOf("## Going back")).matchAll(/^mol \$ (.*)$/gm);
    const answers: string[] = [];
    const ids = new Map<string, string>();
    for (const [, line] of lines) {
      const typed = line!.replaceAll(/SNAPSHOT|REMOVAL|PARKED/g, (name) => ids.get(name) ?? name);
      // Late it is only when the table has folded what came after it.
      if (line!.endsWith(".retry")) await propertiesFolded();
      const answer = await eventually(async () => {
        const said = await type(typed);
        // The table may not have come to the event yet.
        expect(said).toMatch(line!.endsWith(".parked") ? "DUPLICATE_ROW" : "");
        return said;
      });
      // Servers have backups of their own.
      const isRefused = line!.includes("EventStore.backup") && !!process.env["EVENT_STORE"];
      expect([line, answer.includes(">> ERROR")]).toEqual([line, isRefused]);
      const id = /id: '([0-9a-f-]{36})'/.exec(answer)?.[1];
      if (id && line!.endsWith(".snapshot")) ids.set("SNAPSHOT", id);
      if (id && line!.includes("property.remove --id 51")) ids.set("REMOVAL", id);
      if (id && line!.endsWith(".parked")) ids.set("PARKED", id);
      answers.push(`${line}: ${answer}`);
    }
    const answersTo = (action: string) => answers.filter((answer) => answer.startsWith(`call ${action}`));
    expect(ids.size).toBe(3);
    expect(answersTo("propertyAggregate.at --position 1 --diff")).toEqual([expect.stringContaining("added: [")]);
    expect(answersTo("propertyAggregate.status")).toEqual([expect.stringContaining("state: 'paused'")]);
    expect(answersTo("propertyAggregate.verify").map((answer) => /ok: (\w+)/.exec(answer)?.[1])).toEqual([
      "true",
      "true",
      "false",
      "true",
    ]);
    expect(answersTo("propertyEventStore.import")).toEqual([expect.stringContaining("events: 0")]);
  });

  it("keep rules and move money, line by line as the bank's README says", async () => {
    const left = await follow("bank", [
      [" --amount 6000", "insufficient funds"],
      [" --id ann2", 'found "ANN@example.com" claimed by another stream'],
      ["mail.sent", /text: 'Account ann: (?<TOKEN>[0-9a-f-]{36})'/],
      ["--token", /account.emailValidated/],
      ["--token", /events: \[\]/],
      ["accounts.get", /isValidated: true/],
      ["dryRun", /balance: 4000/],
      ["state --id ann", /balance: 5000/],
      ["state --id ann --version 1", /balance: 0/],
      ["history", /account.emailValidated/],
      ["transferOutcomes.get --id t1", /status: 'completed'/],
      ["transferOutcomes.get --id t2", /reason: 'account nobody is unknown'/],
      ["accounts.find", /'ann', balance: 3000[^]*'bob', balance: 2000/],
      ["bankEventStore.find", /correlationId: '(?<CORRELATION>[^']+)'/],
      ["trace", /events: 4/],
      [" 200 --$headers", "with other params than the first time"],
      ["state --id bob", /balance: 2100/],
      ["transfers.processes", /id: 't3'[^]*name: 'approval'/],
      ["transferOutcomes.get --id t3", /status: 'completed'/],
      ["accounts.find", /'ann', balance: 503000[^]*'bob', balance: 1502100/],
      ["transfers.status", /parked: 0/],
    ]);
    expect(left).toEqual([]);
    expect(readFileSync(join(folder, "trace.json"), "utf8")).toContain('"name": "transfer.fail"');
  });

  it("complete an order, line by line as its README says", async () => {
    const left = await follow("orders", [
      ["orders.find", /items: 2/],
      ["orderItems.find", /product: 'flour'[^]*product: 'wheat'/],
      ['"id":"2"', 'found "a-17" claimed by another stream'],
      ['"id":"3"', "items.0.unit"],
      ["product.blocked", /wheat/],
      ["order.complete", "order 1 has blocked products: wheat"],
      ["product.blocked", /\[\]/],
      ["dryRun", /order.completed/],
      ["order.complete", /version: 2/],
      ["shipment.history", /shipment.created/],
      ["order.complete", "order 1 is completed, expected open"],
      ["orderEventStore.read", /link: \{ stream: 'orders', version: 2 \}/],
    ]);
    expect(left).toEqual([]);
  });

  it("end with quit", async () => {
    const exited = new Promise((resolve) => npm.once("exit", resolve));
    npm.stdin.write("quit\n");
    expect(await exited).toBe(0);
  });
});
