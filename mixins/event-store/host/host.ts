import type { AppendRelay } from "../../../core/log/append-relay.ts";
import type { Catalogue } from "../../../core/catalogue/catalogue.ts";
import type { Building, EventLog, OpenOptions, Page, ReadOptions } from "../../../core/log/event-log.ts";
import { freezeEvent, type RecordedEvent } from "../../../core/event/recorded-event.ts";
import { openWhole } from "../../../core/log/unfinished-copy.ts";
import { upcastEach, upcastInTurns } from "../../../core/catalogue/upcast.ts";
import { Appends } from "../append/appends.ts";
import { ConsumerPages } from "./consumer-pages.ts";
import { EventClock } from "../append/event-clock.ts";
import { inTime } from "../../service/in-time.ts";
import { Jobs, type JobProgress } from "./jobs.ts";
import type { StoreMetrics } from "../../observability/metrics.ts";
import { Opening, type Tell } from "../../service/opening.ts";
import type { PendingLimits } from "../append/pending-appends.ts";
import { Pump, type PumpOptions } from "../pump/pump.ts";

export interface StoreStatus {
  engine: string;
  /** The head; null where the engine does not answer. */
  position: number | null;
  paused: boolean;
  /** `standsByFor`: another host pumps, and how long its lease has not been renewed; left out where this host does. */
  pump: { position: number; lag: number | null; standsByFor?: string };
  /** Why nothing can be stored, why the pump cannot go on, or how far the index is; left out while all is well. */
  cause?: string;
  /** Backups, exports and the like; left out while none is running. */
  jobs?: JobProgress[];
}

interface Dependencies {
  name: string;
  log: EventLog;
  catalogue: () => Catalogue;
  pump: PumpOptions;
  /** How other hosts are reached; its node is this one. */
  relay: AppendRelay;
  leaseMs: number;
  maxEventBytes: number;
  maxPending: PendingLimits;
  deliver: (event: RecordedEvent) => Promise<unknown>;
  announce: (position: number) => void;
  /** The same to this node alone: each host hears of it by itself. */
  announceHere: (position?: number) => void;
  announceRelease: () => void;
  tellProgress: (progress: JobProgress) => void;
  metrics: StoreMetrics | null;
  warn: (message: string, details: object) => void;
  tell: Tell;
}

/** What one node does for a store it hosts: group commit, pump, and the control state of consumers. */
export class StoreHost {
  readonly #log: EventLog;
  readonly #opening: Opening;
  readonly pump: Pump;
  readonly jobs: Jobs;
  readonly consumers: ConsumerPages;
  readonly #catalogue: () => Catalogue;
  readonly maxEventBytes: number;
  readonly appends: Appends;
  #listenersAreStarting = () => false;

  constructor(dependencies: Dependencies) {
    const { name, log, catalogue, pump, maxEventBytes, maxPending } = dependencies;
    const { deliver, announce, tellProgress, metrics, warn, tell } = dependencies;
    this.#log = log;
    const warnOfLog = (message: string) => warn(message, { store: name });
    const open = (onProgress: (progress: string) => void) =>
      this.#open({ warn: warnOfLog, onProgress: (building) => onProgress(inWords(building)) });
    this.#opening = new Opening({ name, open, tell });
    this.consumers = new ConsumerPages({ log: () => this.log, catalogue });
    this.jobs = new Jobs(tellProgress);
    this.#catalogue = catalogue;
    this.maxEventBytes = maxEventBytes;
    const handOver = (event: RecordedEvent) => this.#handOver(event, deliver, warn);
    const isPauseWanted = async () => (await this.consumers.control("pump", log)).paused;
    const { relay, leaseMs, announceRelease: onRelease, announceHere } = dependencies;
    const { node } = relay;
    const lease = { node, leaseMs };
    this.pump = new Pump({
      log,
      options: pump,
      deliver: handOver,
      isPauseWanted,
      lease,
      onRelease,
      announceHere,
      metrics,
      warn,
    });
    const refuse = () => this.#opening.refuse();
    const clock = new EventClock((message, details) => warn(`${name}: ${message}`, details));
    const onCommit = ({ position, time }: RecordedEvent) => {
      clock.note(time);
      this.pump.wake(position);
      announce(position);
    };
    this.appends = new Appends({ name, node, log, refuse, catalogue, maxEventBytes, maxPending, onCommit, metrics });
    log.relayAppends?.(relay);
    log.watch?.((position) => {
      this.pump.wake(position);
      announceHere(position);
    });
  }

  /** The one in force now. */
  get catalogue(): Catalogue {
    return this.#catalogue();
  }

  /** @throws StoreUnavailableError while it is not open */
  get log(): EventLog {
    this.#opening.refuse();
    return this.#log;
  }

  /** Why calls would wait here, or fail, that another host may answer at once; null while there is no reason. */
  get building(): string | null {
    return this.#opening.cause ?? (this.#log.building ? inWords(this.#log.building) : null);
  }

  /**
   * Where the engine does not answer, the start ends without it after a while, and goes on by itself when it does. While
   * listeners are still starting, the pump waits for `pump.release()`.
   */
  async start(listenersAreStarting: () => boolean): Promise<void> {
    this.#listenersAreStarting = listenersAreStarting;
    this.consumers.forget();
    this.jobs.start();
    this.appends.start();
    await this.#opening.start();
  }

  async #open(options: Pick<OpenOptions, "warn" | "onProgress">): Promise<void> {
    try {
      await openWhole(this.#log, options);
      await this.pump.start(this.#listenersAreStarting);
    } catch (error) {
      await this.#log.close();
      throw error;
    }
  }

  /** What was accepted is committed, what is being handed over is finished, then the handle is closed. */
  async stop(): Promise<void> {
    this.jobs.abort();
    await this.#opening.stop();
    await this.appends.stop();
    await this.pump.stop();
    await this.#log.close();
    await this.jobs.settled();
  }

  /** Position and lags are null, never 0, where the engine does not answer; `cause` says why. */
  async status(): Promise<StoreStatus> {
    const { pump } = this;
    let failure: string | null = null;
    const asked = Promise.all([this.#head(), pump.checkpoint.reached()]).catch((error: Error) => {
      failure = error.message;
      return null;
    });
    const [position, reached] = (await inTime(asked)) ?? [null, pump.checkpoint.known];
    const silence = position === null ? (failure ?? "the engine has not answered for a second") : null;
    const standsByFor = pump.checkpoint.lease?.cause ?? null;
    const cause = this.building ?? this.appends.outage ?? pump.outage ?? silence;
    return {
      engine: this.#log.engine,
      position,
      paused: pump.isPaused,
      pump: {
        position: reached,
        lag: position === null ? null : position - reached,
        ...(standsByFor !== null && { standsByFor }),
      },
      ...(cause !== null && { cause }),
      ...(this.jobs.running.length > 0 && { jobs: this.jobs.running }),
    };
  }

  async #head(): Promise<number> {
    return this.log.head();
  }

  /** Events as today's catalogue reads them. @throws UpcastError */
  async readable(events: Promise<RecordedEvent[]>): Promise<RecordedEvent[]> {
    return upcastInTurns(this.#catalogue(), await events);
  }

  /** Listeners are best effort: an event that cannot be read is passed by, with a warning. */
  async #handOver(
    event: RecordedEvent,
    deliver: Dependencies["deliver"],
    warn: Dependencies["warn"],
  ): Promise<unknown> {
    const { events, unreadable } = upcastEach(this.#catalogue(), [event]);
    if (!unreadable) return deliver(freezeEvent(events[0]!));
    const { id, type, position } = event;
    return warn("An event cannot be read with today's catalogue; listeners do not get it", {
      id,
      type,
      position,
      error: unreadable[id]!.message,
    });
  }

  /** Like the log's read, but only the end of the log gives an empty page. */
  async read(options: ReadOptions): Promise<Page> {
    let page = await this.log.read(options);
    while (page.events.length === 0 && !page.end) {
      // Long stretches without a wanted event are passed in steps, so that others get their turn.
      await new Promise((turn) => setImmediate(turn));
      page = await this.log.read({ ...options, after: page.position });
    }
    return page;
  }

  /** Does what the control state says; answers when no local handler is running where that is to pause. */
  async followPump(): Promise<void> {
    if ((await this.consumers.control("pump")).paused) await this.pump.pause();
    else this.pump.resume();
  }
}

const inWords = ({ done, total }: Building): string => `building the index, ${done} of ${total}`;
