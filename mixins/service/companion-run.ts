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
  /** What has to be done before the work may stop. */
  beforeEnd: () => Promise<void>;
  /** A stop takes no longer: a server may not answer. */
  stopMs: () => number;
}

/** How often the registry is asked for a service that has started: Moleculer registers it a moment later. */
const askEveryMs = 5;

/** One companion from start to stop and from stop to start, whatever comes in the middle of the other. */
export class CompanionRun {
  readonly #broker: ServiceBroker;
  readonly #name: string;
  readonly #work: Work;
  readonly #beforeEnd: () => Promise<void>;
  readonly #stopMs: () => number;
  readonly #lifecycle: BrokerLifecycle;
  /** Settles with its next start; a new one after each stop. */
  #start = newStart();
  /** The start that is under way, or has succeeded; null while it is stopped. */
  #run: Promise<void> | null = null;
  #isStarting = false;
  #ending: Promise<void> | null = null;
  /** Settles when it has stopped, or did not start. */
  #end: PromiseWithResolvers<void> | null = null;
  /** A stop that took too long, and goes on. */
  #late: Promise<void> = Promise.resolve();

  constructor({ broker, name, work, beforeEnd, stopMs }: Dependencies) {
    this.#stopMs = stopMs;
    this.#broker = broker;
    this.#name = name;
    this.#work = work;
    this.#beforeEnd = beforeEnd;
    this.#lifecycle = lifecycleOf(broker);
  }

  /** Settles when its service answers, or the broker is to run no more. @throws what its start has thrown */
  async started(): Promise<void> {
    if (this.#lifecycle.isDown) return;
    await this.#lifecycle.orDown(this.#start.promise);
    while (this.#run && !this.#lifecycle.isDown && !isRegistered(this.#broker, this.#name))
      await new Promise((ask) => setTimeout(ask, askEveryMs));
  }

  get ended(): Promise<void> | undefined {
    return this.#end?.promise;
  }

  /** Once however often it is called; not at all on a broker that is stopped. */
  start(): Promise<void> {
    if (this.#lifecycle.isDown) return Promise.resolve();
    return (this.#run ??= this.#begin());
  }

  async #begin(): Promise<void> {
    // A stop may come before this start has ended, and with it the promise of the next one.
    const start = this.#start;
    const end = (this.#end = Promise.withResolvers());
    this.#isStarting = true;
    try {
      await this.#late;
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

  async #finishInTime(): Promise<void> {
    const end = this.#end;
    const stopMs = this.#stopMs();
    const finished = this.#finish();
    if (await within(stopMs, finished)) return;
    this.#late = finished.catch(() => {});
    end?.resolve();
    this.#broker.logger.warn(
      `${this.#name} has not stopped within ${stopMs} ms: something that it waits for does not answer. The node goes on to stop; nothing acknowledged is lost, and leases lapse by themselves`,
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
      // What it did after the stop is undone as well.
      await run?.catch(() => {});
      await this.#work.stopped();
    } finally {
      end?.resolve();
    }
  }
}

function newStart(): PromiseWithResolvers<void> {
  const start = Promise.withResolvers<void>();
  // An owner that waits for it gets the error; where none does, the broker reports it.
  start.promise.catch(() => {});
  return start;
}

const isRegistered = (broker: ServiceBroker, name: string): boolean =>
  (broker.registry as unknown as { hasService(name: string): boolean }).hasService(name);
