// A process that opens as many files as it may, and then calls each action that needs one; again after it has closed
// them.
import { closeSync, openSync, writeFileSync } from "node:fs";
import { devNull } from "node:os";
import { ServiceBroker } from "moleculer";
import { Aggregate, EventStore } from "moleculer-event-sourcing";
import { sendLine } from "../support/send-line.ts";

const folder = process.argv[2]!;
const events = EventStore("events", { adapter: `sqlite:${folder}/events.db` });
const table = Aggregate("table", { eventStore: events, adapter: `sqlite:${folder}/table.db`, fields: { n: "integer" } })
  .on("n.happened")
  .create(({ id, payload }) => ({ id, n: payload["n"] as number }));
const broker = new ServiceBroker({ logger: false });
broker.createService({ name: "host", mixins: [events.mixin(), table.mixin()] });
await broker.start();
const append = () => broker.call("events.append", { stream: "s", events: [{ type: "n.happened", payload: { n: 1 } }] });
await append();
const { position } = await broker.call<{ position: number }, object>("events.append", {
  stream: "s",
  events: [{ type: "n.happened", payload: { n: 2 } }],
});
await broker.call("table.count", {}, { meta: { readAfter: { events: position } } });
const { id } = await broker.call<{ id: string }, object>("table.snapshot", {});
writeFileSync(
  `${folder}/lines.jsonl`,
  `${JSON.stringify({ type: "n.happened", stream: "other", version: 1, payload: {}, time: "2026-01-01T00:00:00.000Z", id: "6ac1c3a0-8a5c-4b36-9d0c-1f6a5a1f0001", meta: { correlationId: "a", causationId: "b" } })}\n`,
);

const calls: Record<string, (round: number) => Promise<unknown>> = {
  verify: () => broker.call("events.verify"),
  backup: (round) => broker.call("events.backup", { to: `${folder}/backup-${round}` }),
  export: (round) => broker.call("events.export", { to: `${folder}/export-${round}` }),
  import: () => broker.call("events.import", { from: `${folder}/lines.jsonl` }),
  snapshot: () => broker.call("table.snapshot"),
  verifyTable: () => broker.call("table.verify", { snapshotId: id }),
  at: () => broker.call("table.at", { position: 1 }),
  append,
};

async function outcomes(round: number): Promise<object> {
  const found: Record<string, unknown> = {};
  for (const [name, call] of Object.entries(calls))
    found[name] = await call(round).then(
      () => "done",
      ({ type, code, retryable, message }: Error & { type: unknown; code: unknown; retryable: unknown }) =>
        type === "STORE_UNAVAILABLE" && code === 503 && retryable === true ? "unavailable" : { type, code, message },
    );
  return found;
}

/** As many as allowed, less `count`, so that work fails at its first file or at a later one. */
function openAllBut(count: number): number[] {
  const open: number[] = [];
  try {
    for (;;) open.push(openSync(devNull, "r"));
  } catch {
    for (const file of open.splice(0, count)) closeSync(file);
    return open;
  }
}

const exhausted: object[] = [];
for (let left = 0; left < 16; left++) {
  const open = openAllBut(left);
  exhausted.push(await outcomes(left));
  for (const file of open) closeSync(file);
}
sendLine(JSON.stringify({ exhausted, afterwards: await outcomes(100) }));
await broker.stop();
