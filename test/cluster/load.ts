import { randomUUID } from "node:crypto";
import type { ServiceBroker } from "moleculer";
import type { StoredAnswer } from "moleculer-event-sourcing";
import { pick, type Random } from "../../testing/kit/random.ts";
import type { MoneyNode } from "./money-node.ts";
import { Silence } from "./silence.ts";

export interface SentCommand {
  commandId: string;
  action: string;
  params: object;
  /** The number of events that it stores. */
  events: number;
  answer: StoredAnswer | null;
  /** The type of the domain's refusal, which is also a valid result. */
  refusal: string | null;
}

export const accounts = Array.from({ length: 8 }, (_, index) => `a${index + 1}`);
/** The domain's refusals. After any other error, the command is sent again. */
const refusals = ["INSUFFICIENT_FUNDS", "DUPLICATE_CLAIM"];
const workersPerNode = 3;
const answerMs = 2000;
const repeatMs = 50;
/** A command without a result this long after the end of the load is given up. */
const timeoutMs = 60_000;

const pause = (ms: number) => new Promise((turn) => setTimeout(turn, ms));

/**
 * Callers that send commands with ids, each to its own node first. After an error, a command is sent again, with the
 * same id, to another node.
 */
export class Load {
  readonly sent: SentCommand[] = [];
  /** The callers' errors, by type. */
  readonly failures = new Map<string, number>();
  /** Silence of the nodes without a fault. */
  readonly silence = new Silence();
  acknowledged = 0;
  readonly #broker: ServiceBroker;
  readonly #nodes: readonly MoneyNode[];
  readonly #random: Random;
  #opened = 0;
  #endsAt = Infinity;
  #workers: Promise<void>[] = [];

  constructor(broker: ServiceBroker, nodes: readonly MoneyNode[], random: Random) {
    this.#broker = broker;
    this.#nodes = nodes;
    this.#random = random;
  }

  async begin(): Promise<void> {
    await Promise.all(
      accounts.map((id, index) =>
        this.#send("account.open", { id, iban: `IBAN-${id}`, amount: 1000 }, 2, this.#node(index)),
      ),
    );
    this.#workers = this.#nodes.flatMap((node) => Array.from({ length: workersPerNode }, () => this.#work(node)));
  }

  #node(index: number): MoneyNode {
    return this.#nodes[index % this.#nodes.length]!;
  }

  /** Resolves when every command has a result or is given up. */
  async end(): Promise<void> {
    this.#endsAt = performance.now();
    await Promise.all(this.#workers);
  }

  async #work(home: MoneyNode): Promise<void> {
    while (this.#endsAt === Infinity) {
      const kind = this.#random();
      const account = pick(this.#random, accounts);
      const amount = 1 + Math.floor(this.#random() * 20);
      if (kind < 0.65) await this.#send("account.deposit", { id: account, amount }, 1, home);
      else if (kind < 0.9) await this.#send("transfer.request", this.#transfer(account, amount), 1, home);
      else await this.#send("account.open", this.#contested(amount), 2, home);
      await pause(100 + this.#random() * 200);
    }
  }

  #transfer(from: string, amount: number): object {
    const to = pick(
      this.#random,
      accounts.filter((account) => account !== from),
    );
    return { id: randomUUID(), from, to, amount };
  }

  /** A claim for which three accounts compete. */
  #contested(amount: number): object {
    const number = this.#opened++;
    return { id: `c${number}`, iban: `IBAN-${Math.floor(number / 3)}`, amount };
  }

  async #send(action: string, params: object, events: number, home: MoneyNode): Promise<void> {
    const commandId = randomUUID();
    const command: SentCommand = { commandId, action, params, events, answer: null, refusal: null };
    this.sent.push(command);
    let node = home;
    while (performance.now() < this.#endsAt + timeoutMs) {
      try {
        const options = { nodeID: node.nodeID, timeout: answerMs, headers: { commandId } };
        command.answer = await this.#broker.call<StoredAnswer, object>(action, params, options);
        this.#answered(node);
        return;
      } catch (error) {
        const type = typeOf(error);
        if (refusals.includes(type)) {
          command.refusal = type;
          this.#answered(node);
          return;
        }
        this.failures.set(type, (this.failures.get(type) ?? 0) + 1);
        await pause(repeatMs);
        const others = this.#nodes.filter((other) => other !== node);
        node = pick(this.#random, others);
      }
    }
  }

  #answered(node: MoneyNode): void {
    this.acknowledged++;
    if (!node.isVictim) this.silence.mark();
  }
}

function typeOf(error: unknown): string {
  const { type, name } = error as { type?: string | null; name?: string };
  return type ?? name ?? "Error";
}
