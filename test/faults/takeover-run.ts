import { randomUUID } from "node:crypto";
import type { ServiceBroker } from "moleculer";
import type { AggregateStatus, StoredAnswer } from "moleculer-event-sourcing";
import { randomFrom } from "../../testing/kit/random.ts";
import { seed } from "../support/chance.ts";
import { nodeOptions } from "./multinode/node-options.ts";
import { eventually, newFolder, startBroker } from "../support/broker.ts";
import type { BookEvent, Entry } from "./shared-books.ts";
import { SharedNode } from "./shared-node.ts";
import { eventsIn } from "../support/pages.ts";

interface Places {
  transporter: string;
  /** The connection strings of a node, which may have a folder for itself. */
  log: (folder: string) => string;
  table: string;
  /** The number of events, as a share of a fast engine's. */
  share: number;
}

/** An early one, since it repairs earlier defects. */
const rebuildInRound = 2;
const accounts = ["a", "b", "c", "d"];
const pause = (ms: number) => new Promise((turn) => setTimeout(turn, ms));

/**
 * Three nodes in separate processes that share a log and a table, and a caller that appends all the time, through any
 * of them.
 */
export class TakeoverRun {
  readonly nodes: SharedNode[];
  /** The acknowledged position of each event, by its id. */
  readonly acknowledged = new Map<string, string>();
  /** The durations of takeovers, in milliseconds: after a freeze, and after a kill. */
  readonly takeovers: number[] = [];
  /** The position of the table's switch, as the rebuild returned it. */
  rebuiltAt: number | null = null;
  readonly broker: ServiceBroker;
  readonly #random = randomFrom(seed);
  readonly #share: number;
  #isOver = false;

  private constructor(broker: ServiceBroker, nodes: SharedNode[], share: number) {
    this.broker = broker;
    this.nodes = nodes;
    this.#share = share;
  }

  static async start({ transporter, log, table, share }: Places): Promise<TakeoverRun> {
    const namespace = randomUUID();
    const broker = await startBroker([], {
      ...nodeOptions(transporter, namespace, "looker-on"),
      heartbeatInterval: 1,
      heartbeatTimeout: 3,
    });
    const nodes = ["n1", "n2", "n3"].map(
      (nodeID) => new SharedNode(nodeID, { transporter, namespace, table, log: log(newFolder()) }),
    );
    // At once: each may find that another has just created the log or the table.
    await Promise.all(nodes.map((node) => node.start()));
    return new TakeoverRun(broker, nodes, share);
  }

  /**
   * In each round a holder of the fold is frozen past its lease and thawed, and another is killed; then all catch up.
   */
  async rounds(count: number): Promise<void> {
    const writers = accounts.map((account) => this.#write(account));
    let restarted = Promise.resolve();
    try {
      for (let round = 1; round <= count; round++) {
        const frozen = await this.#holderAtWork();
        if (round % 2) frozen.freeze();
        else await this.#freezeBetweenBatches(frozen);
        const successor = await this.#takenOver(frozen);
        await restarted;
        // Requested while one of the nodes is frozen, started by one that is killed, and completed by another.
        const rebuilt = round === rebuildInRound ? this.#rebuild([frozen, successor]) : null;
        // Awaited at the end of the round.
        rebuilt?.catch(() => {});
        frozen.thaw();
        const killed = await this.#holderAtWork();
        await killed.kill();
        await this.#takenOver(killed);
        restarted = killed.start();
        this.rebuiltAt = (await rebuilt) ?? this.rebuiltAt;
      }
      await restarted;
    } finally {
      this.#isOver = true;
    }
    await Promise.all(writers);
    await this.#allCaughtUp();
  }

  async #write(account: string): Promise<void> {
    while (!this.#isOver) {
      await this.#append(account, 1 + Math.floor(this.#random() * 3));
      await pause((1000 + this.#random() * 1000) / this.#share);
    }
  }

  /** Sends again with the same ids through another node until it succeeds. */
  async #append(account: string, count: number): Promise<void> {
    const events = Array.from({ length: count }, () => {
      const kind = this.#random();
      const type = kind < 0.6 ? "book.moved" : kind < 0.8 ? "book.corrected" : "book.struck";
      const payload = { account, amount: Math.floor(this.#random() * 100) };
      return { id: randomUUID(), type, payload };
    });
    const answer = await eventually(() =>
      this.#ask<StoredAnswer>("events.append", { stream: `book-${account}`, events }),
    );
    for (const { id, version, position } of answer.events) this.acknowledged.set(id, `${position}/${version}`);
  }

  /** Calls the given node, or any running one. */
  async #ask<Answer>(action: string, params: object, node = this.#any()): Promise<Answer> {
    if (!node.isThere) throw new Error(`${node.nodeID} is not there`);
    return this.broker.call<Answer, object>(action, params, { nodeID: node.nodeID, timeout: 2000 });
  }

  #any(): SharedNode {
    const there = this.nodes.filter(({ isThere, isFrozen }) => isThere && !isFrozen);
    return there[Math.floor(this.#random() * there.length)]!;
  }

  statusOf(node: SharedNode, service = "entries"): Promise<AggregateStatus> {
    return this.#ask(`${service}.status`, {}, node);
  }

  /** The nodes whose status is not standby. */
  async #holders(without?: SharedNode): Promise<{ node: SharedNode; position: number; state: string }[]> {
    const asked = this.nodes.filter((node) => node !== without && node.isThere && !node.isFrozen);
    const said = await Promise.all(
      asked.map(async (node) => {
        const status = await this.statusOf(node).catch(() => null);
        return status && status.state !== "standby" ? [{ ...status, node }] : [];
      }),
    );
    return said.flat();
  }

  /** The one that folds, in the middle of many events. */
  async #holderAtWork(): Promise<SharedNode> {
    const [holder] = await eventually(async () => {
      // A node that is starting or waiting may still find that another one folds.
      const holders = (await this.#holders()).filter(({ state }) => ["live", "folding"].includes(state));
      if (holders.length !== 1) throw new Error(`${holders.length} nodes say that they fold`);
      return holders;
    });
    const { node, position: before } = holder!;
    for (;;) {
      await Promise.all(accounts.map((account) => this.#append(account, 12 * this.#share)));
      const { lag } = await eventually(async () => {
        const status = await this.statusOf(node);
        if (status.position <= before) throw new Error(`${node.nodeID} stands at ${before}`);
        return status;
      });
      if (lag === 0) continue;
      await pause(this.#random() * 20);
      return node;
    }
  }

  /** With the rest of a page ahead of it: events that are appended at once are read at once. */
  async #freezeBetweenBatches(node: SharedNode): Promise<void> {
    await eventually(() => node.isFrozen || this.#ask("freezer.freeze", {}, node));
    await this.#append("a", 100 * this.#share);
    await eventually(() => {
      if (!node.isFrozen) throw new Error(`${node.nodeID} has committed nothing`);
    });
  }

  /** Calls the remaining node. */
  async #rebuild(others: readonly SharedNode[]): Promise<number> {
    const asked = this.nodes.find((node) => !others.includes(node))!;
    const { nodeID } = asked;
    // It may have just started.
    await eventually(() => this.statusOf(asked));
    return (await this.broker.call<{ position: number }, object>("entries.rebuild", {}, { nodeID })).position;
  }

  /** Waits until another node folds and makes progress; returns it. */
  async #takenOver(from: SharedNode): Promise<SharedNode> {
    const began = performance.now();
    const asIs = await eventually(async () => {
      const [holder] = await this.#holders(from);
      if (!holder) throw new Error(`nobody took over from ${from.nodeID}`);
      return holder;
    });
    const successor = await eventually(async () => {
      const goesOn = (await this.#holders(from)).find(({ position }) => position > asIs.position);
      if (!goesOn) throw new Error(`nobody folds on from ${asIs.position}`);
      return goesOn.node;
    });
    this.takeovers.push(Math.round(performance.now() - began));
    return successor;
  }

  async #allCaughtUp(): Promise<void> {
    await eventually(async () => {
      for (const node of this.nodes) {
        for (const service of ["entries", "watch", "counter"]) {
          const { lag, parked } = await eventually(() => this.statusOf(node, service));
          if (lag !== 0 || parked !== 0)
            throw new Error(`${service} on ${node.nodeID}: ${parked} parked, ${lag} behind`);
        }
        const { pump } = await eventually(() => this.#ask<{ pump: { lag: number } }>("events.status", {}, node));
        if (pump.lag !== 0) throw new Error(`the pump on ${node.nodeID} is ${pump.lag} behind`);
      }
    }, 120_000);
  }

  /** The whole log, read through a node. */
  async log(): Promise<BookEvent[]> {
    const events: BookEvent[] = [];
    for (;;) {
      const page = await eventually(() =>
        eventsIn(this.#ask<{ events: BookEvent[] }>("events.read", { after: events.length, limit: 1000 })),
      );
      if (page.length === 0) return events;
      events.push(...page);
    }
  }

  /** The whole table, read from this node. */
  async entries(node: SharedNode): Promise<Entry[]> {
    const entries: Entry[] = [];
    for (;;) {
      const page = await eventually(() =>
        this.#ask<Entry[]>("entries.find", { sort: "nth", limit: 1000, offset: entries.length }, node),
      );
      if (page.length === 0) return entries;
      entries.push(...page);
    }
  }
}
