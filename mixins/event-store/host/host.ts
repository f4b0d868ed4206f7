import type { AppendRelay } from "../../../core/log/append-relay.ts";
import type { CurrentCatalogue } from "../../../core/catalogue/catalogue.ts";
import type { Building, EventLog, OpenOptions, Page, ReadOptions } from "../../../core/log/event-log.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { times } from "../../../core/concurrency/times.ts";
import type { Debug } from "../../../core/text/state-log.ts";
import { openWhole } from "../../../core/log/unfinished-copy.ts";
import type { NewerEvent } from "../../../core/catalogue/newer-event.ts";
import { Appends } from "../append/appends.ts";
import { ConsumerPages } from "./consumer-pages.ts";
import { EventClock } from "../append/event-clock.ts";
import { mostTypes, unknownStoredTypes } from "../../../core/log/unknown-types.ts";
import { RecordedNames } from "../../../core/log/recorded-names.ts";
import { EventReader } from "./event-reader.ts";
import { inTime } from "../../service/in-time.ts";
import { Jobs, type JobProgress } from "./jobs.ts";
import type { StoreMetrics } from "../../observability/metrics.ts";
import { Opener, type LogMessage } from "../../service/opener.ts";
import type { PendingLimits } from "../append/pending-appends.ts";
import { Pump, type PumpOptions } from "../pump/pump.ts";
import { pumpKey } from "../pump/pump-checkpoint.ts";
import { appendedEvent, leaseEvent, progressEvent } from "../../service/internal-events.ts";

export interface StoreStatus {
  name: string;
  engine: string;
  /**
   * `starting`: the log is not open, or its index is built. `waiting`: the engine does not respond, the last write
   * failed, or only a newer release can read the pump's next event. `stopped`: an operator has to act. All three have a cause.
   */
  state: "starting" | "live" | "waiting" | "stopped";
  /** The position of the last event; null if the engine does not respond. */
  head: number | null;
  /** Whether the pump is paused. */
  paused: boolean;
  /** `standsByFor`: the host that pumps, and how long ago it renewed its lease. Null if this host pumps. */
  pump: { position: number; lag: number | null; standsByFor: string | null };
  /** Why nothing can be stored or read, why the pump cannot continue, or the progress of the index; null otherwise. */
  cause: string | null;
  /** Running backups, exports, imports and verifications. */
  jobs: JobProgress[];
}

interface Dependencies {
  name: string;
  log: EventLog;
  catalogue: CurrentCatalogue;
  pump: PumpOptions;
  /** The connection to other hosts; its `node` is this node. */
  relay: AppendRelay;
  /** Another host whose release can read the event; null if there is none. */
  knowingNode: (newer: NewerEvent) => string | null;
  leaseMs: number;
  maxEventBytes: number;
  maxPending: PendingLimits;
  /** Called with the log's identity before anything is pumped. */
  onOpen: (identity: string) => void;
  deliver: (event: RecordedEvent) => Promise<unknown>;
  /** Sends an internal event; never rejects. */
  announce: (event: string, params: object, send?: "broadcast" | "broadcastLocal") => Promise<void>;
  metrics: StoreMetrics | null;
  warn: (message: string, details: object) => void;
  debug: Debug;
  logMessage: LogMessage;
}

/** A store on one of its hosts: group commit, pump, jobs, and pages for consumers. */
export class StoreHost {
  readonly #d: Dependencies;
  readonly #log: EventLog;
  readonly #opener: Opener;
  readonly pump: Pump;
  readonly jobs: Jobs;
  readonly consumers: ConsumerPages;
  readonly names: RecordedNames;
  readonly catalogue: CurrentCatalogue;
  readonly reader: EventReader;
  readonly maxEventBytes: number;
  readonly appends: Appends;
  #listenersAreStarting = () => false;

  constructor(dependencies: Dependencies) {
    const { name, log, catalogue, pump, maxEventBytes, maxPending } = dependencies;
    const { announce, metrics, warn, debug, logMessage } = dependencies;
    this.#d = dependencies;
    this.#log = log;
    const warnOfLog = (message: string) => warn(message, { store: name });
    const open = (onProgress: (progress: string) => void) =>
      this.#open({ warn: warnOfLog, debug, onProgress: (building) => onProgress(inWords(building)) });
    this.#opener = new Opener({ name, open, logMessage });
    const names = (this.names = new RecordedNames(log));
    this.consumers = new ConsumerPages({ log, opener: this.#opener, catalogue, names });
    this.jobs = new Jobs((progress) => void announce(progressEvent(name), progress));
    this.catalogue = catalogue;
    this.reader = new EventReader(() => this.log, catalogue);
    this.maxEventBytes = maxEventBytes;
    const isPauseWanted = async () => (await this.consumers.control("pump")).paused;
    const { relay, leaseMs, deliver } = dependencies;
    const appended = appendedEvent(name);
    // To this node only, for commits that each host watches itself.
    const announceHere = (position?: number) => void announce(appended, { position }, "broadcastLocal");
    const { node } = relay;
    this.pump = new Pump({
      name,
      log,
      options: pump,
      catalogue,
      names,
      deliver,
      isPauseWanted,
      lease: { node, leaseMs },
      onRelease: (to) => void announce(leaseEvent(name), { consumer: pumpKey, ...(to !== undefined && { to }) }),
      knowingNode: dependencies.knowingNode,
      announceHere,
      metrics,
      warn,
      debug,
    });
    const clock = new EventClock((message, details) => warn(`${name}: ${message}`, details));
    const onCommit = ({ position, time }: RecordedEvent) => {
      clock.check(time);
      this.pump.wake(position);
      void announce(appended, { position });
    };
    this.appends = new Appends({
      name,
      node,
      log,
      opener: this.#opener,
      catalogue,
      maxEventBytes,
      maxPending,
      onCommit,
      metrics,
    });
    log.relayAppends?.(relay);
    log.watch?.((position) => {
      this.pump.wake(position);
      announceHere(position);
    });
  }

  /** @throws StoreUnavailableError while it is not open */
  get log(): EventLog {
    this.#opener.assertOpen();
    return this.#log;
  }

  /** Why calls would wait or fail on this host, so that another host should serve them; null otherwise. */
  get building(): string | null {
    return this.#opener.cause ?? (this.#log.building ? inWords(this.#log.building) : null);
  }

  /**
   * Opens the log. If the engine does not respond, the start completes after a while, and the log is opened in the
   * background. While listeners are still starting, the pump waits for `pump.release()`.
   */
  async start(listenersAreStarting: () => boolean): Promise<void> {
    this.#listenersAreStarting = listenersAreStarting;
    this.consumers.forget();
    this.jobs.start();
    this.appends.start();
    await this.#opener.start();
  }

  async #open(options: Pick<OpenOptions, "warn" | "debug" | "onProgress">): Promise<void> {
    try {
      await openWhole(this.#log, options);
      this.#d.onOpen(await this.#log.identity());
      const { current } = this.catalogue;
      await this.names.record(Object.fromEntries(current.formerNames));
      await this.pump.start(this.#listenersAreStarting);
      if (await this.consumers.ofAll()) this.#d.logMessage("warn", pausedAll(this.#d.name));
      const types = current.entries.size > 0 ? await this.#log.types(mostTypes) : [];
      const unknown = unknownStoredTypes(current, types, await this.names.of(types));
      if (unknown) this.#d.logMessage("warn", `${this.#d.name}: ${unknown}`);
    } catch (error) {
      await this.#log.close();
      throw error;
    }
  }

  /** Commits accepted appends, waits for running listeners, then closes the log. */
  async stop(): Promise<void> {
    this.jobs.abort();
    await this.#opener.stop();
    await this.appends.stop();
    await this.pump.stop();
    await this.#log.close();
    await this.jobs.settled();
  }

  /** Head and lag are null, never 0, if the engine does not respond; `cause` says why. */
  async status(): Promise<StoreStatus> {
    const { pump } = this;
    let failure: string | null = null;
    const asked = Promise.all([this.#head(), pump.checkpoint.reached()]).catch((error: Error) => {
      failure = error.message;
      return null;
    });
    const [head, reached] = (await inTime(asked)) ?? [null, pump.checkpoint.known];
    const silence = head === null ? (failure ?? "the engine has not responded for a second") : null;
    const { building } = this;
    const cause = building ?? this.appends.outage ?? pump.cause ?? silence;
    const working = cause === null ? "live" : "waiting";
    return {
      name: this.#d.name,
      engine: this.#log.engine,
      state: building === null ? working : "starting",
      head,
      paused: pump.isPaused,
      pump: {
        position: reached,
        lag: head === null ? null : head - reached,
        standsByFor: pump.checkpoint.lease?.cause ?? null,
      },
      cause,
      jobs: this.jobs.running,
    };
  }

  async #head(): Promise<number> {
    return this.log.head();
  }

  /** Reads like the log, but an empty page has looked at the whole log, or for as long as a call may take. */
  async read(options: ReadOptions): Promise<Page> {
    const until = performance.now() + times.call.readMs;
    let page = await this.log.read(options);
    while (page.events.length === 0 && !page.end && performance.now() < until) {
      // Yields to the event loop between pages, because many pages may contain no wanted event.
      await new Promise((turn) => setImmediate(turn));
      page = await this.log.read({ ...options, after: page.position });
    }
    return page;
  }

  /** Applies the control state to the pump. To pause, it resolves when no local handler is running. */
  async applyPumpControl(): Promise<void> {
    this.#opener.assertOpen();
    if ((await this.consumers.control("pump")).paused) await this.pump.pause();
    else this.pump.resume();
  }
}

const pausedAll = (store: string): string =>
  `${store}: the pump, subscriptions and process managers are paused since "npx moleculer-event-sourcing pause": call ${store}.resumeAll, or the resume of each`;

const inWords = ({ done, total }: Building): string => `building the index, ${done} of ${total}`;
