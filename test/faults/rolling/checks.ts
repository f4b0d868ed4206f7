import { eventually } from "../../support/broker.ts";
import type { Deploy } from "./deploy.ts";
import { euros, plainTables, type StoredEvent } from "./plain-shop.ts";
import type { ShopNode } from "./shop-node.ts";
import { consumers, filled, tables, type Table } from "./shop.ts";

/** Expects every acknowledged event at its position, and versions of each stream to run from 1. */
function expectWhole(deploy: Deploy, log: readonly StoredEvent[]): void {
  expect(deploy.refused).toEqual([]);
  const stored = new Map(log.map(({ id, position }) => [id, position]));
  const lost = [...deploy.acknowledged].filter(([id, position]) => stored.get(id) !== position);
  expect(lost).toEqual([]);
  const versions = new Map<string, number>();
  for (const { stream, version } of log) {
    expect([stream, version]).toEqual([stream, (versions.get(stream) ?? 0) + 1]);
    versions.set(stream, version);
  }
}

/**
 * Expects that the subscription has handled all these events but the skipped ones, and those of a stream in its order,
 * whichever node did.
 */
function expectHandled(deploy: Deploy, log: readonly StoredEvent[], skipped: readonly string[]): void {
  const events = new Map(log.map((event) => [event.position, event]));
  const first = new Set(
    deploy.nodes
      .flatMap(({ handled }) => handled)
      .toSorted((a, b) => (a.at < b.at ? -1 : 1))
      .map(({ position }) => position),
  );
  const missing = log.filter(({ type, position }) => type.startsWith("order.") && !first.has(position));
  expect(missing.map(({ id }) => id)).toEqual(skipped);
  const versions = new Map<string, number>();
  const outOfOrder: string[] = [];
  for (const position of first) {
    const { stream, version } = events.get(position)!;
    if (version < (versions.get(stream) ?? 0)) outOfOrder.push(`${stream} ${version} after ${versions.get(stream)}`);
    versions.set(stream, version);
  }
  expect(outOfOrder).toEqual([]);
}

/** Expects one bill for each order that was placed. */
function expectBilled(log: readonly StoredEvent[]): void {
  const billed = log
    .filter(({ type, stream }) => type === "bill.added" && !stream.includes(filled))
    .map(({ payload }) => [payload["id"], payload["euros"]]);
  const placed = log.filter(({ type }) => type === "order.placed").map((event) => [event.id, euros(event)]);
  const sorted = (bills: unknown[][]) => bills.map((bill) => bill.join(" ")).toSorted();
  expect(sorted(billed)).toEqual(sorted(placed));
}

export async function expectNothingParked(deploy: Deploy): Promise<void> {
  for (const node of deploy.there)
    for (const name of consumers)
      expect([name, node.nodeID, (await deploy.status(node, name)).parked]).toEqual([name, node.nodeID, 0]);
}

/** Expects the node's tables to be what its release's definition folds from these events. */
export async function expectTables(
  deploy: Deploy,
  node: ShopNode,
  log: readonly StoredEvent[],
  names: readonly Table[] = tables,
): Promise<void> {
  const plain = plainTables(node.release, log);
  for (const table of names)
    expect({ table, node: node.nodeID, rows: await deploy.rows(node, table) }).toEqual({
      table,
      node: node.nodeID,
      rows: plain[table],
    });
}

/**
 * Everything that holds when all nodes have caught up after a deploy: call it when nothing is written any more.
 * `skipped`: the events that the subscription was made to pass.
 */
export async function expectNothingLost(deploy: Deploy, skipped: readonly string[] = []): Promise<void> {
  const log = await deploy.log();
  expectWhole(deploy, log);
  expectHandled(deploy, log, skipped);
  expectBilled(log);
  await expectNothingParked(deploy);
  await eventually(() => {
    const heard = new Set(deploy.heard);
    expect(log.filter(({ position }) => !heard.has(position))).toEqual([]);
  }, 20_000);
}
