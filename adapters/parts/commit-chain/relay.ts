import type { AppendRelay, StoredAt } from "../../../core/log/append-relay.ts";
import type { AppendRequest } from "../../../core/log/append-request.ts";
import type { AppendVerdict } from "../../../core/log/event-log.ts";
import { times } from "../../../core/concurrency/times.ts";
import { StateLog } from "../../../core/text/state-log.ts";
import type { LogFile } from "../../sqlite/log-file.ts";
import type { Appender, Decision } from "./appender.ts";
import { knownVerdict, mayRelay, markAsSent, storedElsewhere } from "./relayed.ts";
import { RelayTarget } from "./relay-target.ts";

type Deciding = (requests: readonly AppendRequest[]) => (log: LogFile) => Decision<AppendVerdict[]>;

const commitsItself = "commits itself";

/**
 * Relays the appends of a host that loses races. Hosts that commit at the same time overtake one another, so all but
 * the leader send it their appends, and it stores them in its commits. The chain decides the outcome: this host looks
 * up appends without a response by their event ids, and stores those that the chain lacks.
 */
export class Relay {
  readonly #relay: AppendRelay;
  readonly #appender: Appender;
  readonly #deciding: Deciding;
  readonly #target: RelayTarget;
  readonly #stateLog: StateLog;
  #refreshedAt = 0;

  constructor(relay: AppendRelay, appender: Appender, deciding: Deciding) {
    this.#relay = relay;
    this.#appender = appender;
    this.#deciding = deciding;
    this.#target = new RelayTarget(relay.node, () => appender.index.assertOpen().committers);
    this.#stateLog = new StateLog("relay", commitsItself, (...line) => appender.index.debug(...line));
  }

  async append(requests: readonly AppendRequest[]): Promise<AppendVerdict[]> {
    if (this.#nodeFor(requests) === null) {
      const verdicts = await this.#appender.commit<AppendVerdict[] | null>(this.#deciding(requests), () => {
        this.#target.overtaken(performance.now());
        return this.#nodeFor(requests) === null ? undefined : null;
      });
      if (verdicts) return verdicts;
    }
    const node = this.#nodeFor(requests);
    const wereGenerated = markAsSent(requests);
    const stored = node === null ? [] : await this.#send(node, requests);
    return this.#settle(requests, stored, wereGenerated);
  }

  #nodeFor(requests: readonly AppendRequest[]): string | null {
    const node = this.#target.at(performance.now());
    this.#stateLog.change(node === null ? commitsItself : `sends to ${node}`, () => ({ node: this.#relay.node }));
    return node !== null && mayRelay(requests) ? node : null;
  }

  async #send(node: string, requests: readonly AppendRequest[]): Promise<(StoredAt | null)[]> {
    const { identity } = this.#appender.index.assertOpen().log;
    try {
      const { stored, isShared } = await this.#relay.send(node, identity, requests);
      this.#target.answered(isShared, performance.now());
      this.#refreshIndex();
      return stored;
    } catch (error) {
      const details = { appends: requests.length, error: String(error) };
      this.#appender.index.debug(`relay: sent to ${node} -> failed`, details);
      // `#settle` finds the outcome in the chain.
      this.#target.failed(node, performance.now());
      return [];
    }
  }

  /**
   * Refreshes the index of a host that only relays: otherwise it would miss a new leader, and lag when it has to
   * commit.
   */
  #refreshIndex(): void {
    const now = performance.now();
    if (now - this.#refreshedAt < times.relay.checkMs) return;
    this.#refreshedAt = now;
    // The next append or read would fail the same way, and throws.
    this.#appender.index.readLatest(() => {}).catch(() => {});
  }

  async #settle(
    requests: readonly AppendRequest[],
    stored: readonly (StoredAt | null)[],
    wereGenerated: ReadonlySet<AppendRequest>,
  ): Promise<AppendVerdict[]> {
    const verdicts = requests.map((request, index) => {
      const at = stored[index];
      return at ? storedElsewhere(request, at) : null;
    });
    if (verdicts.includes(null)) await this.#find(requests, verdicts, wereGenerated);
    const left = requests.filter((_, index) => verdicts[index] === null);
    if (left.length === 0) return verdicts as AppendVerdict[];
    for (const request of left) {
      const before = request.dependsOn && verdicts[requests.indexOf(request.dependsOn)];
      // Its dependency is stored already, by another commit.
      if (before && "events" in before && !before.repeated) delete request.dependsOn;
    }
    const own = await this.#appender.commit(this.#deciding(left));
    return verdicts.map((verdict, index) => verdict ?? asOwn(own.shift()!, wereGenerated.has(requests[index]!)));
  }

  /** Fills in the verdicts of the appends that the chain has by now. */
  async #find(
    requests: readonly AppendRequest[],
    verdicts: (AppendVerdict | null)[],
    wereGenerated: ReadonlySet<AppendRequest>,
  ): Promise<void> {
    await this.#appender.index.readLatest((log) => {
      for (const [index, request] of requests.entries()) {
        const known = verdicts[index] ?? knownVerdict(request, log);
        verdicts[index] = known && asOwn(known, wereGenerated.has(request));
      }
    });
  }
}

/** An id that was generated for this append can only have been stored by it, so the append is not a repeat. */
const asOwn = (verdict: AppendVerdict, wasGenerated: boolean): AppendVerdict =>
  wasGenerated && "events" in verdict ? { ...verdict, repeated: false } : verdict;
