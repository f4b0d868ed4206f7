import { randomInt } from "../support/chance.ts";
import { writeFileSync } from "node:fs";
import type { ServiceBroker } from "moleculer";
import { SqliteEventLog } from "../../adapters/sqlite/event-log.ts";
import { parseFields } from "../../core/rows/fields.ts";
import { SqliteReadTable } from "../../adapters/sqlite/read-table.ts";
import type { Query } from "../../core/query/query.ts";
import type { RecordedEvent } from "moleculer-event-sourcing";
import { caughtUp, cleanUp, newFolder, startBroker } from "../support/broker.ts";
import { killChildren, startChild } from "./child.ts";
import { ledgerFields, ledgerService, plainLedger, poison, type Moved } from "./ledger.ts";
import { times } from "../support/times.ts";
import { commandOf } from "../support/command-of.ts";

type MovedEvent = RecordedEvent<"account.moved", Moved>;

const everything: Query = { where: null, sort: [], limit: null, offset: 0, search: null };

afterEach(async () => {
  killChildren();
  await cleanUp();
});

/** All messages of the killed processes. */
interface Messages {
  sent: Map<string, [account: number, amount: number]>;
  acknowledged: Map<string, { position: number; version: number }>;
}

/**
 * When to kill a process: at a random moment, soon after a number of acknowledgements, or around the n-th statement of
 * a kind. The progress at a random moment depends on the machine; the others do not.
 */
type Moment = "any" | { acknowledged: number } | { statement: string; countdown: number };

/** Starts a process and kills it; at moment `any` after it is ready, or (one time in five) before. */
async function runUntilKilled(folder: string, callers: number, messages: Messages, moment: Moment): Promise<void> {
  const unanswered = [...messages.sent]
    .filter(([id]) => !messages.acknowledged.has(id))
    .map(([id, sent]) => [id, ...sent]);
  writeFileSync(`${folder}/unanswered.json`, JSON.stringify(unanswered));
  const isTimed = moment === "any";
  const isAround = !isTimed && "statement" in moment;
  const around = isAround ? [moment.statement, String(moment.countdown)] : [];
  const { lines, exited, kill } = startChild(
    "./ledger-process.ts",
    folder,
    String(callers),
    `${folder}/unanswered.json`,
    ...around,
  );
  let acknowledgements = isTimed || isAround ? Infinity : moment.acknowledged;
  let isMet = !isAround;
  const early = isTimed && randomInt(5) === 0 ? setTimeout(kill, randomInt(200, 900)) : undefined;
  for await (const line of lines) {
    const [what, id = "", first, second] = line.split(" ");
    if (what === "ready" && isTimed) setTimeout(kill, randomInt(1, 250));
    if (what === "sent") messages.sent.set(id, [Number(first), Number(second)]);
    if (what === "acknowledged") messages.acknowledged.set(id, { position: Number(first), version: Number(second) });
    if (what === "acknowledged" && --acknowledgements === 0) setTimeout(kill, randomInt(20));
    if (what === "met") isMet = true;
  }
  clearTimeout(early);
  expect([await exited, isMet]).toEqual(["SIGKILL", true]);
}

async function readLog(folder: string): Promise<MovedEvent[]> {
  const log = new SqliteEventLog(`${folder}/ledger.db`);
  await log.open();
  try {
    const events: RecordedEvent[] = [];
    for (
      let page = await log.read({ after: 0, limit: 5000 });
      ;
      page = await log.read({ after: page.position, limit: 5000 })
    ) {
      events.push(...page.events);
      if (page.end) return events as unknown as MovedEvent[];
    }
  } finally {
    await log.close();
  }
}

function checkLog(events: readonly MovedEvent[], { sent, acknowledged }: Messages): void {
  const versions = new Map<string, number>();
  events.forEach(({ position, stream, version }, index) => {
    if (position !== index + 1 || version !== (versions.get(stream) ?? 0) + 1)
      throw new Error(`a hole or twin at position ${position}, ${stream} version ${version}`);
    versions.set(stream, version);
  });
  const byId = new Map(events.map((event) => [commandOf(event), event]));
  expect(byId.size).toBe(events.length);
  // Throws directly: `expect` is too slow for so many.
  for (const [id, { position, version }] of acknowledged)
    if (byId.get(id)?.position !== position || byId.get(id)?.version !== version)
      throw new Error(`acknowledged at ${position}: ${id}; found ${JSON.stringify(byId.get(id))}`);
  for (const id of byId.keys()) if (!sent.has(id)) throw new Error(`nobody has sent ${id}`);
}

/** Checks that the table, at its checkpoint, is the fold of the log up to there. */
async function checkTable(
  folder: string,
  name: "balances" | "entries",
  events: readonly MovedEvent[],
): Promise<number> {
  const table = new SqliteReadTable(`${folder}/${name}.db`);
  // With its own fields: a process that was killed before it named its table finds a fitting one here.
  await table.open(parseFields(name, ledgerFields[name]));
  try {
    const live = table.live();
    const { position } = await live.progress();
    const plain = plainLedger(events.slice(0, position));
    const rows = await live.rows.find(everything);
    expect(new Map(rows.map((row) => [row.id, row]))).toEqual(plain[name]);
    const streamOf = new Map(events.map(({ id, stream }) => [id, stream]));
    const streams = [...Map.groupBy(plain.parked, (id) => streamOf.get(id)).values()];
    expect((await live.parked()).map(({ id, waiting }) => [id, waiting])).toEqual(
      streams.map(([first, ...waiting]) => [first, waiting.length]),
    );
    return position;
  } finally {
    await table.close();
  }
}

async function finish(folder: string): Promise<ServiceBroker> {
  const broker = await startBroker([ledgerService(folder)]);
  await caughtUp(broker, "balances");
  await caughtUp(broker, "entries");
  await broker.stop();
  return broker;
}

/** Statements around which a process is killed, and the highest n. */
const statements: [statement: string, most: number][] = [
  ["^BEGIN", 60],
  ["^COMMIT", 60],
  ["^UPDATE checkpoint", 60],
  ["^INSERT INTO events", 60],
  ['INTO "rows"', 60],
  ["^SAVEPOINT", 60],
  ["^INSERT INTO parked", 60],
  // The pump writes it every half second.
  ["state", 3],
];

describe("A process killed with SIGKILL", () => {
  it(`loses no acknowledged event and tears no table while it appends and folds, ${times(25)} times`, async () => {
    const folder = newFolder();
    const messages: Messages = { sent: new Map(), acknowledged: new Map() };
    for (let run = 0; run < times(25); run++) {
      const moment = run % 2 ? { acknowledged: randomInt(10, 200) } : "any";
      await runUntilKilled(folder, 1 + (run % 24), messages, moment);
      const events = await readLog(folder);
      checkLog(events, messages);
      if (events.length === 0) continue;
      await checkTable(folder, "balances", events);
      await checkTable(folder, "entries", events);
    }
    await finish(folder);
    const events = await readLog(folder);
    expect(events.length).toBeGreaterThanOrEqual(messages.acknowledged.size);
    expect(messages.acknowledged.size).toBeGreaterThan(100);
    expect(await checkTable(folder, "balances", events)).toBe(events.length);
    expect(await checkTable(folder, "entries", events)).toBe(events.length);
  });

  it(`loses and tears nothing when it is killed before or after any statement, ${times(24, statements.length)} times`, async () => {
    const folder = newFolder();
    const messages: Messages = { sent: new Map(), acknowledged: new Map() };
    for (let run = 0; run < times(24, statements.length); run++) {
      const [statement, most] = statements[run % statements.length]!;
      await runUntilKilled(folder, 8, messages, { statement, countdown: randomInt(1, most + 1) });
      const events = await readLog(folder);
      checkLog(events, messages);
      await checkTable(folder, "balances", events);
      await checkTable(folder, "entries", events);
    }
    await finish(folder);
    const events = await readLog(folder);
    expect(await checkTable(folder, "balances", events)).toBe(events.length);
    expect(await checkTable(folder, "entries", events)).toBe(events.length);
  });

  it(`folds each event once while it only folds, ${times(20)} times`, async () => {
    const folder = newFolder();
    const messages: Messages = { sent: new Map(), acknowledged: new Map() };
    await fill(folder, 24_000);
    const events = await readLog(folder);
    let progressed = 0;
    for (let run = 0; run < times(20); run++) {
      // A batch contains at most 500 events: ten times six commits do not complete both tables, and the second one does
      // not start.
      const around = { statement: "^UPDATE checkpoint SET position", countdown: randomInt(3, 7) };
      await runUntilKilled(folder, 0, messages, run < 10 ? around : "any");
      const positions = [await checkTable(folder, "balances", events), await checkTable(folder, "entries", events)];
      if (positions.some((position) => position > 0 && position < events.length)) progressed++;
    }
    // Kills that never interrupted a table would prove nothing.
    expect(progressed).toBeGreaterThan(0);
    await finish(folder);
    expect(await checkTable(folder, "balances", events)).toBe(events.length);
    expect(await checkTable(folder, "entries", events)).toBe(events.length);
  });
});

async function fill(folder: string, count: number): Promise<void> {
  const { EventStore } = await import("moleculer-event-sourcing");
  const events = EventStore("ledger", { adapter: `sqlite:${folder}/ledger.db` });
  const broker = await startBroker([{ name: "filler", mixins: [events.mixin()] }]);
  await broker.call("ledger.pausePump");
  for (let at = 0; at < count; at += 500) {
    const account = (at / 500) % 40;
    const payloads = Array.from({ length: 500 }, (_, index) => ({
      account,
      amount: at > count / 2 && index === 7 && account < 10 ? poison : 20 + index,
    }));
    await broker.call("ledger.append", {
      stream: `account-${account}`,
      events: payloads.map((payload) => ({ type: "account.moved", payload })),
    });
  }
  await broker.stop();
}
