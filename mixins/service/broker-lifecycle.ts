import type { ServiceBroker } from "moleculer";
import { times } from "../../core/concurrency/times.ts";
import { within } from "../../core/concurrency/within.ts";

type End = () => Promise<void>;

/**
 * Whether a broker is to run, as its last `start` or `stop` says. Moleculer calls the services of a broker that was
 * stopped while its transporter connected, and none of a broker whose start failed; and nothing says to a service that
 * still starts that a stop has come.
 */
export class BrokerLifecycle {
  readonly #broker: ServiceBroker;
  readonly #doStart: () => PromiseLike<void>;
  readonly #doStop: () => PromiseLike<void>;
  readonly #ends = new Set<End>();
  readonly #waiting = new Set<() => void>();
  /** The call that counts, while it is under way. */
  #last: { kind: "start" | "stop"; settled: Promise<void> } | null = null;
  #stopping: Promise<void> | null = null;
  #down = Promise.withResolvers<void>();
  #isDown = false;

  /** In place of the broker's own methods: it has no hook for a start that fails, and its hook for a stop comes late. */
  constructor(broker: ServiceBroker) {
    this.#broker = broker;
    this.#doStart = broker.start.bind(broker);
    this.#doStop = broker.stop.bind(broker);
    broker.start = () => this.#call("start", () => this.#start());
    broker.stop = () => this.#call("stop", () => this.#stop());
    boundDisconnect(broker);
  }

  /** The same call twice is one; a start waits for a stop that is under way. */
  #call(kind: "start" | "stop", run: () => Promise<void>): Promise<void> {
    if (this.#last?.kind === kind) return this.#last.settled;
    const call = { kind, settled: Promise.resolve() };
    this.#last = call;
    // Each of the two settles alone: the error of a start is for the caller of that start.
    call.settled = run().finally(() => {
      if (this.#last === call) this.#last = null;
    });
    return call.settled;
  }

  /** It was stopped, or its start has failed: nothing is opened until its next start. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Settles as `work` does, or once the broker is to run no more. */
  async orDown(work: Promise<void>): Promise<void> {
    const { promise: down, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      // Not against one promise for all: it would keep what each race has added until the broker stops.
      await Promise.race([work, down]);
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  /** `end` is called where the start of the broker fails. */
  endsWith(end: End): void {
    this.#ends.add(end);
  }

  forget(end: End): void {
    this.#ends.delete(end);
  }

  async #start(): Promise<void> {
    const call = this.#last;
    if (this.#stopping) await this.#stopping;
    // A stop came before it has begun.
    if (this.#last !== call) return;
    this.#isDown = false;
    this.#down = Promise.withResolvers();
    const { promise: down } = this.#down;
    const started = Promise.resolve(this.#doStart());
    const markDown = () => this.#markDown();
    started.then(markDown, markDown);
    try {
      // Where a stop comes first it may never settle: Moleculer goes on to connect its transporter.
      await Promise.race([started, down.then(() => this.#stopping)]);
    } catch (error) {
      this.#goDown();
      await Promise.allSettled([...this.#ends].map((end) => end()));
      throw error;
    }
  }

  #stop(): Promise<void> {
    if (this.#stopping) return this.#stopping;
    this.#goDown();
    this.#stopping = (async () => {
      try {
        await this.#doStop();
      } finally {
        this.#stopping = null;
        this.#markDown();
      }
    })();
    return this.#stopping;
  }

  #goDown(): void {
    this.#isDown = true;
    this.#down.resolve();
    for (const resolve of this.#waiting) resolve();
  }

  /** A start that ends after its stop has begun takes the broker for a running one. */
  #markDown(): void {
    if (this.#isDown) (this.#broker as { started: boolean }).started = false;
  }
}

/**
 * Moleculer's transporters say goodbye and wait until it was heard: over a connection to NATS that is half dead for minutes,
 * in which the process does not end.
 */
function boundDisconnect({ transit, logger }: ServiceBroker): void {
  if (!transit) return;
  const disconnect = transit.disconnect.bind(transit);
  transit.disconnect = async () => {
    const { transporterMs } = times.stop;
    if (!(await within(transporterMs, Promise.resolve(disconnect()))))
      logger.warn(`The transporter has not heard the goodbye of this node within ${transporterMs} ms`);
  };
}

const lifecycles = new WeakMap<ServiceBroker, BrokerLifecycle>();

/** Called in `created`: the broker's start is still to come, or has ended. */
export function lifecycleOf(broker: ServiceBroker): BrokerLifecycle {
  const lifecycle = lifecycles.get(broker) ?? new BrokerLifecycle(broker);
  lifecycles.set(broker, lifecycle);
  return lifecycle;
}
