import type { ConsumerControl, ControlChange } from "../../core/consumer/consumer-control.ts";
import type { ParkedEvent } from "../../core/table/read-table.ts";
import { StateLog, type Debug } from "../../core/text/state-log.ts";
import type { CheckpointState } from "./checkpoint.ts";
import { withoutWaiting } from "./parked-streams.ts";
import type { Work } from "./work.ts";
import type { ControlAck } from "./control-sync.ts";
import { Worker } from "./worker.ts";
import { consumerStatus, type ConsumerStatus } from "./status.ts";
import type { ErrorPolicy, Interruption } from "./error-policy.ts";
import type { EventSource } from "./event-source.ts";
import { Interrupter } from "./interrupter.ts";
import { LeaseHold, notHeld } from "./lease-hold.ts";
import { Placement } from "./placement.ts";
import type { ConsumerMetrics } from "../observability/metrics.ts";
import type { TimeLimit } from "./time-limit.ts";

export interface LeasedStatus extends ConsumerStatus {
  /** What has failed; what waits behind it is not counted. */
  parked: number;
  /** The events that wait behind it, or are being handled by a retry; null on a node that does not do the work. */
  waiting: number | null;
}

/** Work that one node does at a time, and knows whether it is this one. */
export interface LeasedWork extends Work {
  readonly progress: Readonly<CheckpointState>;
  readonly isInCharge: boolean;
  readonly waitingCount: number;
  parked(): ParkedEvent[];
}

type State = Pick<CheckpointState, "position" | "parked">;
const nothingYet: State = { position: 0, parked: [] };

interface Dependencies {
  name: string;
  node: string;
  source: EventSource;
  policy: ErrorPolicy;
  timeLimit: TimeLimit;
  metrics: ConsumerMetrics | null;
  /** The work, made anew with each start. */
  work: (lease: LeaseHold, interruption: Interruption, wake: () => void) => LeasedWork;
  warn: (message: string, details: object) => void;
  debug: Debug;
}

/** One node's part in a consumer without a table: it works while it holds the lease, and is a standby otherwise. */
export class LeasedHost {
  readonly #d: Dependencies;
  #lease!: LeaseHold;
  #placement!: Placement;
  #work!: LeasedWork;
  /** Made anew with each start. */
  worker!: Worker;
  /** What the node that does the work has stored, as it was seen last. */
  #seen: State = nothingYet;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#renew();
  }

  /** What a start knows dies with it. */
  #renew(): void {
    const { name, node, source, policy, metrics, warn, debug } = this.#d;
    this.#seen = nothingYet;
    this.#lease = new LeaseHold(source, node, new StateLog(`${name} lease`, notHeld, debug));
    this.#placement = new Placement({ consumer: source.consumer, node, hosts: () => source.hostsOf(name) });
    const interrupter = new Interrupter();
    this.#work = this.#d.work(this.#lease, interrupter, () => this.worker.wake());
    this.worker = new Worker({
      name,
      source,
      work: this.#work,
      interrupter,
      maxParkedInARow: policy.maxParkedInARow,
      metrics,
      handOver: (isAtWork) => this.#handOver(isAtWork),
      startAfresh: "restart this node to go on from the checkpoint that the log's own store holds",
      warn,
      debug,
    });
  }

  /** Each page is saved when it is done: nothing of it is handled again. */
  async #handOver(isAtWork: boolean): Promise<boolean> {
    const to = this.#placement.successorAt(performance.now());
    if (to === null || !isAtWork || !this.#work.isInCharge) return false;
    await this.#work.save();
    await this.#lease.release(to);
    return true;
  }

  async start(): Promise<void> {
    this.#renew();
    this.#d.timeLimit.start();
    this.worker.start();
  }

  /** Resolves when the handler that runs is finished, the checkpoint saved, and the lease free for another node. */
  async stop(): Promise<void> {
    this.#d.timeLimit.shortenForShutdown();
    await this.worker.stop();
    this.#d.timeLimit.end();
    // If the store has gone first, the lease lapses by itself.
    await this.#lease.release().catch(() => {});
  }

  follow(revision: number, isPatient: boolean): Promise<ControlAck> {
    return this.worker.follow(revision, isPatient);
  }

  change(change: ControlChange): Promise<ConsumerControl> {
    return this.#d.source.change(change);
  }

  async #state(): Promise<State> {
    if (this.#work.isInCharge) this.#seen = { position: this.#work.progress.position, parked: this.#work.parked() };
    else this.#seen = ((await this.#d.source.state())?.value as CheckpointState | undefined) ?? nothingYet;
    return this.#seen;
  }

  async parked(): Promise<ParkedEvent[]> {
    return (await this.#state()).parked.map(withoutWaiting);
  }

  async status(): Promise<LeasedStatus> {
    const { position, parked } = await this.#state().catch(() => this.#seen);
    const status = await consumerStatus(this.#d, this.worker, this.#work, position);
    return { ...status, parked: parked.length, waiting: this.#work.isInCharge ? this.#work.waitingCount : null };
  }
}
