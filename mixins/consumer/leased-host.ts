import type { ConsumerControl, ControlChange } from "../../core/consumer/consumer-control.ts";
import type { ParkedEvent } from "../../core/table/read-table.ts";
import { StateLog, type Debug } from "../../core/text/state-log.ts";
import type { CheckpointState } from "./checkpoint-state.ts";
import type { ParkedPage } from "./parked-page.ts";
import { withoutWaiting } from "./parked-streams.ts";
import type { Work, WorkState } from "./work.ts";
import type { ControlAck } from "./control-sync.ts";
import { Worker } from "./worker.ts";
import { awaitedIds, consumerStatus, type CommonStatus } from "./status.ts";
import type { Interruption } from "./error-policy.ts";
import type { EventSource } from "./event-source.ts";
import { Interrupter } from "./interrupter.ts";
import { handlesAll, type ConsumerHost } from "../service/releases.ts";
import { LeaseHold, notHeld } from "./lease-hold.ts";
import { Placement } from "./placement.ts";
import type { ConsumerMetrics } from "../observability/metrics.ts";
import type { TimeLimit } from "./time-limit.ts";

/** The `status` of a subscription or a process manager. */
export interface ConsumerStatus extends CommonStatus {
  /** How many failed events are parked; the events that wait behind them are not counted. */
  parked: number;
  /** How many events wait behind parked ones, or are being retried; null on a node that does not do the work. */
  waiting: number | null;
}

/** Work that one node does at a time; it determines whether this node does it. */
export interface LeasedWork extends Work {
  readonly state: WorkState & { readonly progress: Readonly<CheckpointState> };
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
  /** The patterns of the stored event types that it handles. */
  handles: readonly string[];
  timeLimit: TimeLimit;
  metrics: ConsumerMetrics | null;
  /** Creates the work; called at each start. */
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
  /** Recreated at each start. */
  worker!: Worker;
  /** The state that the working node has stored, as it was last read. */
  #seen: State = nothingYet;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#renew();
  }

  /** A start keeps no state of the one before. */
  #renew(): void {
    const { name, node, source, metrics, warn, debug } = this.#d;
    this.#seen = nothingYet;
    this.#lease = new LeaseHold(source, node, new StateLog(`${name} lease`, notHeld, debug));
    this.#placement = new Placement({ consumer: source.consumer, node });
    const interrupter = new Interrupter();
    this.#work = this.#d.work(this.#lease, interrupter, () => this.worker.wake());
    this.worker = new Worker({
      name,
      source,
      work: this.#work,
      interrupter,
      metrics,
      handOver: (isAtWork) => this.#handOver(isAtWork),
      yieldTo: (newer) => this.#giveTo(source.knowingNode(name, newer)),
      howToRestart: "restart this node to go on from the checkpoint that the log's own store holds",
      warn,
      debug,
    });
  }

  async #handOver(isAtWork: boolean): Promise<boolean> {
    const peers = this.#peers();
    const wider = this.#widerOf(peers);
    if (wider !== null) {
      if (isAtWork) await this.#giveTo(wider);
      return true;
    }
    const hosts = [this.#d.node, ...peers.map(({ nodeID }) => nodeID)];
    const to = this.#placement.successorAt(performance.now(), hosts);
    return isAtWork && this.#giveTo(to);
  }

  /** The other nodes that may do the work. One that handles fewer types would pass events that this one handles. */
  #peers(): ConsumerHost[] {
    const { name, node, source, handles: own } = this.#d;
    return source.hostsOf(name).filter(({ nodeID, handles }) => nodeID !== node && handlesAll(handles, own));
  }

  /**
   * One whose release handles further types, as during a deploy: it does the work, since this node would pass those
   * events, and the checkpoint is shared. Null if there is none.
   */
  #widerOf(peers: readonly ConsumerHost[]): string | null {
    const { handles: own } = this.#d;
    return peers.find(({ handles }) => !handlesAll(own, handles))?.nodeID ?? null;
  }

  /** The checkpoint is saved before the handover, so the next node repeats no event. */
  async #giveTo(to: string | null): Promise<boolean> {
    if (to === null || !this.#work.isInCharge) return false;
    await this.#work.save();
    await this.#lease.release(to);
    return true;
  }

  async start(): Promise<void> {
    this.#renew();
    this.#d.timeLimit.start();
    this.worker.start();
  }

  /** Resolves when the running handler is finished, the checkpoint is saved, and the lease is free for another node. */
  async stop(): Promise<void> {
    this.#d.timeLimit.shortenForShutdown();
    await this.worker.stop();
    this.#d.timeLimit.end();
    // If the store has stopped first, the lease lapses by itself.
    await this.#lease.release().catch(() => {});
  }

  applyControl(revision: number, isPatient: boolean): Promise<ControlAck> {
    return this.worker.applyControl(revision, isPatient);
  }

  change(change: ControlChange): Promise<ConsumerControl> {
    return this.#d.source.change(change);
  }

  async #state(): Promise<State> {
    if (this.#work.isInCharge)
      this.#seen = { position: this.#work.state.progress.position, parked: this.#work.parked() };
    else this.#seen = ((await this.#d.source.state())?.value as CheckpointState | undefined) ?? nothingYet;
    return this.#seen;
  }

  get awaited(): string[] {
    return awaitedIds(this.worker, this.#work);
  }

  async parked(): Promise<ParkedPage> {
    const { position, parked } = await this.#state();
    return { events: parked.map(withoutWaiting), position, end: true };
  }

  async status(): Promise<ConsumerStatus> {
    const { position, parked } = await this.#state().catch(() => this.#seen);
    const status = await consumerStatus(this.#d, this.worker, this.#work, position);
    const wider = status.state === "standby" ? this.#widerOf(this.#peers()) : null;
    const cause = wider === null ? status.cause : `node ${wider} handles further event types, and does the work`;
    return { ...status, cause, parked: parked.length, waiting: this.#work.isInCharge ? this.#work.waitingCount : null };
  }
}
