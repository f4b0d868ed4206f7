import type { ServiceBroker } from "moleculer";
import { times } from "../../core/concurrency/times.ts";
import { within } from "../../core/concurrency/within.ts";

type End = () => Promise<void>;

/**
 * Whether the last call of a broker was `start` or `stop`. Moleculer itself starts the services of a broker that was
 * stopped while its transporter connected, does not stop the services of a broker whose start failed, and does not notify
 * a starting service of a stop.
 */
export class BrokerLifecycle {
  readonly #broker: ServiceBroker;
  readonly #doStart: () => PromiseLike<void>;
  readonly #doStop: () => PromiseLike<void>;
  readonly #ends = new Set<End>();
  readonly #waiting = new Set<() => void>();
  /** The latest call, while it is pending. */
  #last: { kind: "start" | "stop"; settled: Promise<void> } | null = null;
  #stopping: Promise<void> | null = null;
  #down = Promise.withResolvers<void>();
  #isDown = false;

  /** Replaces the broker's methods: it has no hook for a failed start, and calls its hook for a stop too late. */
  constructor(broker: ServiceBroker) {
    this.#broker = broker;
    this.#doStart = broker.start.bind(broker);
    this.#doStop = broker.stop.bind(broker);
    broker.start = () => this.#call("start", () => this.#start());
    broker.stop = () => this.#call("stop", () => this.#stop());
    boundDisconnect(broker);
  }

  /** Repeated calls of the same kind share one run. */
  #call(kind: "start" | "stop", run: () => Promise<void>): Promise<void> {
    if (this.#last?.kind === kind) return this.#last.settled;
    const call = { kind, settled: Promise.resolve() };
    this.#last = call;
    // Start and stop settle separately, so that only the caller of a start gets its error.
    call.settled = run().finally(() => {
      if (this.#last === call) this.#last = null;
    });
    return call.settled;
  }

  /** True after a stop or a failed start. Services open nothing until the next start. */
  get isDown(): boolean {
    return this.#isDown;
  }

  /** Settles with `work`, or resolves as soon as the broker goes down. */
  async orDown(work: Promise<void>): Promise<void> {
    const { promise: down, resolve } = Promise.withResolvers<void>();
    this.#waiting.add(resolve);
    try {
      // One promise for each race: a shared one would keep the reactions of every race until the broker stops.
      await Promise.race([work, down]);
    } finally {
      this.#waiting.delete(resolve);
    }
  }

  /** Calls `end` if the start of the broker fails. */
  endsWith(end: End): void {
    this.#ends.add(end);
  }

  forget(end: End): void {
    this.#ends.delete(end);
  }

  async #start(): Promise<void> {
    const call = this.#last;
    if (this.#stopping) await this.#stopping;
    // A stop was called meanwhile.
    if (this.#last !== call) return;
    this.#isDown = false;
    this.#down = Promise.withResolvers();
    const { promise: down } = this.#down;
    const started = Promise.resolve(this.#doStart());
    const markDown = () => this.#markDown();
    started.then(markDown, markDown);
    try {
      // After a stop, `started` may never settle: Moleculer keeps trying to connect its transporter.
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

  /** Moleculer sets `started` at the end of a start, even if a stop has begun meanwhile. */
  #markDown(): void {
    if (this.#isDown) (this.#broker as { started: boolean }).started = false;
  }
}

/**
 * Limits the duration of the transporter's disconnect. Moleculer sends a disconnect packet and waits until it is flushed,
 * which takes minutes on a half-open connection to NATS and keeps the process alive.
 */
function boundDisconnect({ transit, logger }: ServiceBroker): void {
  if (!transit) return;
  const disconnect = transit.disconnect.bind(transit);
  transit.disconnect = async () => {
    const { transporterMs } = times.stop;
    if (!(await within(transporterMs, Promise.resolve(disconnect()))))
      logger.warn(`The transporter has not disconnected within ${transporterMs} ms; the node stops without it`);
  };
}

const lifecycles = new WeakMap<ServiceBroker, BrokerLifecycle>();

/** Call it in `created`, when no start of the broker is pending that the replaced methods would miss. */
export function lifecycleOf(broker: ServiceBroker): BrokerLifecycle {
  const lifecycle = lifecycles.get(broker) ?? new BrokerLifecycle(broker);
  lifecycles.set(broker, lifecycle);
  return lifecycle;
}
