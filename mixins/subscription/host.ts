import type { ConsumerControl, ControlChange } from "../../core/consumer-control.ts";
import { newEventId } from "../../core/event-id.ts";
import type { ParkedEvent } from "../../core/read-table.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { Consumer } from "../consumer/consumer.ts";
import type { Followed } from "../consumer/following.ts";
import { consumerStatus, type ConsumerStatus } from "../consumer/status.ts";
import type { ErrorPolicy } from "../consumer/error-policy.ts";
import type { EventSource } from "../consumer/event-source.ts";
import { Handling, type HandlingState, type StartFrom } from "./handling.ts";
import { LeaseHold } from "../consumer/lease-hold.ts";
import type { ConsumerMetrics } from "../metrics.ts";
import type { TimeLimit } from "../consumer/time-limit.ts";

export interface SubscriptionStatus extends ConsumerStatus {
  /** Events that failed; those that wait behind one are not counted. */
  parked: number;
}

interface Dependencies {
  name: string;
  node: string;
  source: EventSource;
  startFrom: StartFrom;
  policy: ErrorPolicy;
  timeLimit: TimeLimit;
  metrics: ConsumerMetrics | null;
  handle: (event: RecordedEvent) => Promise<void>;
  warn: (message: string, details: object) => void;
}

/** What one node does for a subscription: handles its events while it holds the lease, stands by while another does. */
export class SubscriptionHost {
  readonly #d: Dependencies;
  #lease!: LeaseHold;
  #handling!: Handling;
  #consumer!: Consumer;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#renew();
  }

  /** What a start knows dies with it. */
  #renew(): void {
    const { name, node, source, policy, metrics, warn } = this.#d;
    this.#lease = new LeaseHold(source, `${node}/${newEventId()}`);
    this.#handling = new Handling({
      ...this.#d,
      lease: this.#lease,
      sleep: (ms) => this.#consumer.sleep(ms),
      isInterrupted: () => this.#consumer.isInterrupted,
      isStopping: () => this.#consumer.isStopping,
    });
    this.#consumer = new Consumer({
      name,
      source,
      work: this.#handling,
      maxParkedInARow: policy.maxParkedInARow,
      metrics,
      startAfresh: "restart this node to go on from the checkpoint that the log's own store holds",
      warn,
    });
  }

  async start(): Promise<void> {
    this.#renew();
    this.#d.timeLimit.start();
    this.#consumer.start();
  }

  /** The handler that runs is finished, the checkpoint saved, and the lease free for another node. */
  async stop(): Promise<void> {
    this.#d.timeLimit.hurry();
    await this.#consumer.stop();
    this.#d.timeLimit.end();
    // Where the store has gone first, it falls free by itself.
    await this.#lease.release().catch(() => {});
  }

  wake(head?: number): void {
    this.#consumer.wake(head);
  }

  interrupt(): void {
    this.#consumer.interrupt();
  }

  follow(revision: number): Promise<Followed> {
    return this.#consumer.follow(revision);
  }

  change(change: ControlChange): Promise<ConsumerControl> {
    return this.#d.source.change(change);
  }

  async #state(): Promise<Pick<HandlingState, "position" | "parked">> {
    if (this.#handling.isInCharge)
      return { position: this.#handling.progress.position, parked: this.#handling.parked() };
    const stored = await this.#d.source.state();
    return (stored?.value as HandlingState | undefined) ?? { position: 0, parked: [] };
  }

  async parked(): Promise<ParkedEvent[]> {
    return (await this.#state()).parked;
  }

  async status(): Promise<SubscriptionStatus> {
    const { position, parked } = await this.#state().catch(() => this.#handling.progress);
    return { ...(await consumerStatus(this.#d, this.#consumer, position)), parked: parked.length };
  }
}
