import { randomUUID } from "node:crypto";
import type { StoredAnswer } from "moleculer-event-sourcing";
import type { CallingOptions, ServiceBroker } from "moleculer";
import { named } from "../../support/command-of.ts";

const everyMs = 20;
/** A machine that is too slow for the pace gets a lower one. */
const mostAtOnce = 200;
const things = 1000;
const accounts = 200;
/** Enough events for a `$regex` over them to be matched in a thread. */
const searched = 600;
/** More orders than a process manager caches processes. */
const ordersBefore = 1100;
/** Each account has a state snapshot. */
const depositsBefore = 10;

/** This many faults are printed. */
const mostFaults = 20;

/** Refusals caused by a slow machine, not by a defect. */
const lateness = new Set<unknown>(["NOT_CAUGHT_UP"]);

type Operation = (n: number) => Promise<unknown>;

/** Commands, appends and reads at a steady pace, from `start` to `stop`. */
export class Load {
  /** The numbers of calls, late calls and faults. */
  readonly counts = { calls: 0, late: 0, faults: 0 };
  readonly faults: string[] = [];
  readonly #broker: ServiceBroker;
  readonly #cycle: readonly Operation[];
  readonly #running = new Set<Promise<void>>();
  readonly #perSecond: number;
  #timer: NodeJS.Timeout | null = null;

  /** About 140 events a second at 100 calls (`perSecond`). */
  constructor(broker: ServiceBroker, perSecond: number) {
    this.#broker = broker;
    this.#perSecond = perSecond;
    const deposit: Operation = (n) => this.#deposit(n);
    const count: Operation = (n) => this.#call("thing.count", this.#thing(n));
    const others: Operation[] = [
      (n) => this.#appendList(n),
      (n) => this.#find(n),
      (n) => this.#openAndClose(n),
      (n) => this.#readOwnWrite(n),
      (n) => this.#order(n),
      (n) => this.#readStore(n),
      (n) => this.#follow(n),
      (n) => this.#claimTwice(n),
    ];
    this.#cycle = others.flatMap((other, i) => (i % 2 === 0 ? [deposit, count, other] : [deposit, other]));
  }

  /** Fills every bounded cache first. */
  async start(): Promise<void> {
    const events = Array.from({ length: searched }, (_, n) => ({ type: "thing.counted", payload: this.#thing(n) }));
    await this.#call("events.append", { stream: "thing-searched", events });
    await Promise.all(Array.from({ length: ordersBefore }, (_, n) => this.#order(-n)));
    await Promise.all(Array.from({ length: accounts * depositsBefore }, (_, n) => this.#deposit(n)));
    const began = performance.now();
    let begun = 0;
    this.#timer = setInterval(() => {
      const due = ((performance.now() - began) / 1000) * this.#perSecond;
      for (; begun < due; begun++) if (this.#running.size < mostAtOnce) this.#begin(begun);
    }, everyMs);
  }

  async stop(): Promise<void> {
    if (this.#timer) clearInterval(this.#timer);
    await Promise.all(this.#running);
  }

  /** Waits for the work, and counts a failure. */
  async guard(what: string, work: Promise<unknown>): Promise<void> {
    try {
      await work;
    } catch (error) {
      if (lateness.has((error as { type?: unknown }).type)) this.counts.late++;
      else if (++this.counts.faults <= mostFaults) this.faults.push(`${what}: ${String(error)}`);
    }
  }

  #begin(n: number): void {
    const which = n % this.#cycle.length;
    const run = this.guard(`operation ${which}`, this.#cycle[which]!(n)).then(() => {
      this.counts.calls++;
      this.#running.delete(run);
    });
    this.#running.add(run);
  }

  #call<Answer>(action: string, params: object = {}, options: CallingOptions = {}): Promise<Answer> {
    return this.#broker.call<Answer, object>(action, params, options);
  }

  #thing = (n: number) => ({ thing: String(n % things), n, text: `text ${n % 97} `.repeat(10) });

  async #deposit(n: number): Promise<void> {
    await this.#call("account.deposit", { id: String(n % accounts), amount: 1 });
  }

  /** Appends to a new stream, with a command id, twice. */
  async #appendList(n: number): Promise<void> {
    const counted = Array.from({ length: 9 }, (_, i) => ({ type: "thing.counted", payload: this.#thing(n + i) }));
    const removed = { type: "thing.removed", payload: { thing: String((n * 7) % things) } };
    const params = { stream: `list-${n}-${randomUUID()}`, events: [...counted, removed] };
    const once = named(`list ${n}`);
    await this.#call("events.append", params, once);
    const { repeated } = await this.#call<StoredAnswer>("events.append", params, once);
    if (!repeated) throw new Error(`list ${n} was stored twice`);
  }

  async #openAndClose(n: number): Promise<void> {
    const id = String(((n / this.#cycle.length) % accounts) | 0);
    await this.#call("account.open", { id, iban: `iban-${id}` });
    if (n % 3 === 0) await this.#call("account.close", { id });
    await this.#call("account.deposit", { id, amount: 2 }, named(`deposit ${n}`));
  }

  async #claimTwice(n: number): Promise<void> {
    await this.#call("account.open", { id: "first", iban: "taken" });
    const second = await this.#call("account.open", { id: `second-${n % 50}`, iban: "taken" }).catch(
      ({ type }: { type?: unknown }) => type,
    );
    if (second !== "DUPLICATE_CLAIM") throw new Error(`a claim was taken twice: ${String(second)}`);
  }

  async #order(n: number): Promise<void> {
    const events = [{ type: "order.placed", payload: { account: String(Math.abs(n) % accounts) } }];
    await this.#call("events.append", { stream: `order-${n}-${randomUUID()}`, events });
    await this.#call("shipping.processes", { limit: 10 });
  }

  async #find(n: number): Promise<void> {
    await this.#call("things.find", { query: { n: { $gte: n - 200 } }, sort: "-n", limit: 20 });
    await this.#search(`^text ${n % 97} `);
    await this.#call("balances.list", { sort: "-balance", pageSize: 10 });
    await this.#call("things.count", { query: { sum: { $gt: n % 1000 } } });
  }

  /** Searches two files at once, so that both search threads exist all the time. */
  async #search($regex: string): Promise<void> {
    const text = { $and: [{ text: { $regex } }, { text: { $regex: " $" } }] };
    await Promise.all([
      this.#call("things.find", { query: text, limit: 20 }),
      this.#call("events.find", { query: { stream: "thing-searched", "payload.text": { $regex } }, limit: 20 }),
    ]);
  }

  async #readOwnWrite(n: number): Promise<void> {
    const events = [{ type: "thing.counted", payload: { ...this.#thing(n), thing: "own" } }];
    const { position } = await this.#call<StoredAnswer>("events.append", { stream: "thing-own", events });
    const row = await this.#call<{ n: number } | null>(
      "things.resolve",
      { id: "own" },
      { meta: { readAfter: { events: position } } },
    );
    if (row === null || row.n < n - mostAtOnce * this.#cycle.length) throw new Error(`own write ${n} was not read`);
  }

  /** Traces the consequences of an event, and links it. */
  async #follow(n: number): Promise<void> {
    const params = { stream: `order-link-${n % accounts}`, events: [{ type: "order.touched", payload: {} }] };
    const { events } = await this.#call<StoredAnswer>("events.append", params);
    await this.#call("events.link", { stream: `links-${n % accounts}`, ids: [events[0]!.id] });
    await this.#call("events.trace", { correlationId: events[0]!.meta.correlationId });
  }

  async #readStore(n: number): Promise<void> {
    const id = String(n % accounts);
    await this.#call("events.read", { backward: true, limit: 50, types: ["thing.*"] });
    await this.#call("events.streams", { category: "thing", limit: 50 });
    await this.#call("events.find", { query: { type: "order.placed" }, limit: 5 });
    const { version } = await this.#call<{ version: number }>("account.state", { id });
    await this.#call("account.state", { id, version: Math.max(0, version - 5) });
    await this.#call("account.history", { id, limit: 5, backward: true });
  }
}
