import type { ServiceBroker } from "moleculer";
import type { Adapter, AggregateStatus, StoredAnswer, Manifest, ParkedEvent } from "moleculer-event-sourcing";
import { CrashKit } from "moleculer-event-sourcing/testing";
import { eventually, startBroker } from "../support/broker.ts";
import type { Home } from "./places.ts";
import type { CrashStep, LossStep, Step } from "./step.ts";
import { thingServices, World, type Consumer, type Table, type Thing, type ThingEvent } from "./things.ts";
import { eventsIn } from "../support/pages.ts";
import { spoken } from "../../mixins/service/between-nodes.ts";

interface Sent {
  params: { stream: string; events: [{ id: string; type: string; payload: Thing }] };
  answer: StoredAnswer | null;
}

interface Crash {
  step: CrashStep | null;
  happened: boolean;
  told: Promise<void>;
}

const noCrash = (): Crash => ({ step: null, happened: false, told: new Promise(() => {}) });

export const tables: readonly Table[] = ["rows", "entries"];
export const consumers: readonly Consumer[] = [...tables, "watch"];

/** Takes steps with a store and its consumers, through crashes and restarts, and records sent and received events. */
export class History {
  readonly world = new World();
  readonly sent: Sent[] = [];
  readonly #kit = new CrashKit();
  readonly #home: Home;
  readonly #log: Adapter;
  #broker: ServiceBroker | null = null;
  #crash = noCrash();

  constructor(home: Home) {
    this.#home = home;
    this.#log = this.#kit.adapter(home.log);
  }

  get broker(): ServiceBroker {
    return this.#broker!;
  }

  /** `tables`: new places, so that they are folded from the beginning. */
  async start(table: Home["table"] = this.#home.table): Promise<void> {
    const crashing = (name: string) => this.#kit.adapter(table(name));
    const { snapshots } = this.#home;
    this.#broker = await startBroker(thingServices(this.world, { log: this.#log, table: crashing, snapshots }));
  }

  async stop(): Promise<void> {
    await this.#broker?.stop();
    this.#broker = null;
  }

  async take(step: Step): Promise<void> {
    // It may also come between two steps.
    if (this.#crash.happened) await this.#revive();
    if ("restart" in step) await this.#restart();
    else if ("lose" in step) await this.#restart(step);
    else if ("crash" in step) this.#plan(step);
    else await this.#unlessCrashed(this.#do(step));
    if (this.#crash.happened) await this.#revive();
  }

  #plan({ crash: point, after }: CrashStep): void {
    const crash: Crash = { step: { crash: point, after }, happened: false, told: Promise.resolve() };
    this.#kit.at(point, { after });
    crash.told = this.#kit.happened.then(() => void (crash.happened = true));
    this.#crash = crash;
  }

  /**
   * A planned crash may come during the stop or afterwards, but not during the start, when no call could observe it.
   */
  async #restart(loss?: LossStep): Promise<void> {
    await this.stop();
    if (loss) this.#home.lose(loss.lose, loss.what);
    const { step, happened } = this.#crash;
    if (happened) return;
    this.#kit.revive();
    await this.start();
    if (step) this.#plan(step);
  }

  /**
   * Does the work, again from the beginning if the process is killed meanwhile; afterwards nothing crashes any more.
   */
  async surviving(work: () => Promise<void>): Promise<void> {
    for (;;) {
      await this.#unlessCrashed(work());
      if (!this.#crash.happened) break;
      await this.#revive();
    }
    this.#kit.revive();
    this.#crash = noCrash();
  }

  /** A call to a process that is killed may wait for ever or reject. */
  async #unlessCrashed(work: Promise<void>): Promise<void> {
    let failure: { error: unknown } | null = null;
    const ended = work.catch((error: unknown) => void (failure = { error }));
    await Promise.race([ended, this.#crash.told]);
    if (failure && !this.#crash.happened) throw (failure as { error: unknown }).error;
  }

  async #revive(): Promise<void> {
    await this.stop();
    this.#kit.revive();
    this.#crash = noCrash();
    await this.start();
    // Sends appends without a response again.
    for (const sent of this.sent) if (!sent.answer) await this.#send(sent);
  }

  async #do(step: Exclude<Step, CrashStep | LossStep | { restart: true }>): Promise<void> {
    if ("append" in step) {
      const appends = step.append.map(({ stream, type, ...payload }): Sent => {
        const id = `0190a0b0-0000-7000-8000-${String(this.sent.length).padStart(12, "0")}`;
        const sent: Sent = { params: { stream: `thing-${stream}`, events: [{ id, type, payload }] }, answer: null };
        this.sent.push(sent);
        return sent;
      });
      await Promise.all(appends.map((sent) => this.#send(sent)));
    } else if ("sendAgain" in step) {
      await Promise.all(step.sendAgain.map(async (which) => this.sent.length && this.#send(pick(this.sent, which)!)));
    } else if ("repair" in step) {
      const broken = this.sent.filter(({ params }) => params.events[0].payload.fails === null);
      const found = pick(broken, step.repair);
      if (found) this.world.repaired.add(found.params.events[0].id);
    } else if ("retry" in step) {
      const id = step.which === null ? undefined : pick(await this.parked(step.retry), step.which)?.id;
      if (step.which === null || id !== undefined) await this.#order(`${step.retry}.retry`, { id }, whilePaused);
    } else if ("skip" in step) {
      const found = pick(await this.parked(step.skip), step.which);
      if (found) await this.#order(`${step.skip}.skip`, { id: found.id, reason: "property" }, whilePaused);
    } else if ("pause" in step) await this.broker.call(`${step.pause}.pause`);
    else if ("resume" in step) await this.broker.call(`${step.resume}.resume`);
    else if ("snapshot" in step) await this.broker.call(`${step.snapshot}.snapshot`, { keep: 3 });
    else if ("rebuild" in step) await this.#order(`${step.rebuild}.rebuild`, {}, whileBuilding);
    else if ("restore" in step) {
      const found = pick(await this.snapshots(step.restore), step.which);
      const action = `${step.restore}.${step.replay ? "replay" : "restore"}`;
      if (found) await this.#order(action, { snapshotId: found.id }, whileBuilding);
    } else await this.caughtUp();
  }

  async #send(sent: Sent): Promise<void> {
    const answer: StoredAnswer = await this.broker.call("events.append", sent.params);
    if (sent.answer) expect(answer).toEqual({ ...sent.answer, repeated: true });
    sent.answer ??= answer;
  }

  async #order(action: string, params: object, mayBeRefused: string): Promise<void> {
    await this.broker.call(action, params).catch((error: unknown) => {
      if ((error as { type?: string }).type !== mayBeRefused) throw error;
    });
  }

  /** Oldest first. */
  snapshots(table: Table): Promise<Manifest[]> {
    return this.broker.call(`${table}.snapshots`);
  }

  /** Waits for requests that a crash has interrupted. */
  async built(): Promise<void> {
    const crash = this.#crash;
    for (const table of tables)
      await eventually(async () => {
        const job = crash.happened ? null : await this.broker.call(`$${table}.building`, {}, spoken);
        if (job) throw new Error(`${table} is being built: ${JSON.stringify(job)}`);
      });
  }

  /** The skipped events according to the control state: the response of a skip may have been lost. */
  async skipped(consumer: Consumer): Promise<ReadonlySet<string>> {
    const kind = consumer === "watch" ? "subscription" : "table";
    const params = { consumer: `${kind}/${consumer}`, after: 0, limit: 0, types: [] };
    const { control }: { control: { skipped: object } } = await this.broker.call("$events.page", params, spoken);
    return new Set(Object.keys(control.skipped));
  }

  parked(consumer: Consumer): Promise<ParkedEvent[]> {
    return eventsIn(this.broker.call(`${consumer}.parked`));
  }

  async everything(): Promise<ThingEvent[]> {
    return eventsIn(this.broker.call("events.read", { limit: 10_000 }));
  }

  /** Paused consumers stay where they are. */
  async caughtUp(): Promise<void> {
    const crash = this.#crash;
    for (const consumer of consumers)
      await eventually(async () => {
        if (crash.happened) return;
        const { lag, paused, cause }: AggregateStatus = await this.broker.call(`${consumer}.status`);
        if (lag !== 0 && !paused) throw new Error(`${consumer} lags by ${lag}: ${cause}`);
      });
  }
}

/** A paused consumer neither retries nor skips. */
const whilePaused = "CONSUMER_PAUSED";
/** A request from before a crash is still running. */
const whileBuilding = "REBUILD_RUNNING";

const pick = <Item>(items: readonly Item[], which: number): Item | undefined => items[which % items.length];
