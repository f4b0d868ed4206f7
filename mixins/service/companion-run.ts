import type { ServiceBroker } from "moleculer";
import { within } from "../../core/concurrency/within.ts";
import { lifecycleOf, type BrokerLifecycle } from "./broker-lifecycle.ts";

interface Work {
  started: () => Promise<void>;
  stopped: () => Promise<void>;
}

interface Dependencies {
  broker: ServiceBroker;
  name: string;
  work: Work;
  /** Awaited before `work.stopped` is called. */
  beforeEnd: () => Promise<void>;
  /** The longest duration of a stop, for a server that does not respond. */
  stopMs: () => number;
}

/** Moleculer registers a service only after its `started` has resolved, so the registry is polled. */
const pollEveryMs = 5;

/** Runs the starts and stops of one companion one after the other, if one is called during the other. */
export class CompanionRun {
  readonly #broker: ServiceBroker;
  readonly #name: string;
  readonly #work: Work;
  readonly #beforeEnd: () => Promise<void>;
  readonly #stopMs: () => number;
  readonly #lifecycle: BrokerLifecycle;
  /** Settles with the next start. Replaced at each stop. */
  #start = newStart();
  /** The pending or succeeded start; null while stopped. */
  #run: Promise<void> | null = null;
  #isStarting = false;
  #ending: Promise<void> | null = null;
  /** Resolves when the companion has stopped, or its start has failed. */
  #end: PromiseWithResolvers<void> | null = null;
  /** A stop that exceeded `stopMs` and is still running. */
  #overdueStop: Promise<void> = Promise.resolve();

  constructor({ broker, name, work, beforeEnd, stopMs }: Dependencies) {
    this.#stopMs = stopMs;
    this.#broker = broker;
    this.#name = name;
    this.#work = work;
    this.#beforeEnd = beforeEnd;
    this.#lifecycle = lifecycleOf(broker);
  }

  /** Resolves when the companion's actions can be called, or the broker goes down. @throws the error of its start */
  async started(): Promise<void> {
    if (this.#lifecycle.isDown) return;
    await this.#lifecycle.orDown(this.#start.promise);
    while (this.#run && !this.#lifecycle.isDown && !isRegistered(this.#broker, this.#name))
      await new Promise((ask) => setTimeout(ask, pollEveryMs));
  }

  get ended(): Promise<void> | undefined {
    return this.#end?.promise;
  }

  /** Starts once, however often it is called. Does nothing on a stopped broker. */
  start(): Promise<void> {
    if (this.#lifecycle.isDown) return Promise.resolve();
    return (this.#run ??= this.#begin());
  }

  async #begin(): Promise<void> {
    // A stop during this start replaces `#start` with the promise of the next one.
    const start = this.#start;
    const end = (this.#end = Promise.withResolvers());
    this.#isStarting = true;
    try {
      await this.#overdueStop;
      await this.#work.started();
      start.resolve();
    } catch (error) {
      this.#run = null;
      end.resolve();
      start.reject(error);
      throw error;
    } finally {
      this.#isStarting = false;
    }
  }

  stop(): Promise<void> {
    return (this.#ending ??= this.#finishInTime().finally(() => (this.#ending = null)));
  }

  /** Stops it after its start, for an error of the same service. Its owners get the error. */
  async fail(error: unknown): Promise<void> {
    await this.stop();
    this.#start.reject(error);
  }

  async #finishInTime(): Promise<void> {
    const end = this.#end;
    const stopMs = this.#stopMs();
    const finished = this.#finish();
    if (await within(stopMs, finished)) return;
    this.#overdueStop = finished.catch(() => {});
    end?.resolve();
    this.#broker.logger.warn(
      `${this.#name} has not stopped within ${stopMs} ms: its engine or a handler does not respond. The node stops without waiting longer; acknowledged events are stored, and its leases expire`,
    );
  }

  async #finish(): Promise<void> {
    const run = this.#run;
    const end = this.#end;
    this.#run = null;
    this.#start = newStart();
    try {
      await this.#beforeEnd();
      const wasStarting = this.#isStarting;
      await this.#work.stopped();
      if (!wasStarting) return;
      // The start went on after the stop and may have opened more.
      await run?.catch(() => {});
      await this.#work.stopped();
    } finally {
      end?.resolve();
    }
  }
}

function newStart(): PromiseWithResolvers<void> {
  const start = Promise.withResolvers<void>();
  // Owners that await the start get its error. Without owners, the broker reports it.
  start.promise.catch(() => {});
  return start;
}

const isRegistered = (broker: ServiceBroker, name: string): boolean =>
  (broker.registry as unknown as { hasService(name: string): boolean }).hasService(name);
