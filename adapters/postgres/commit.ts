import type { AppendRequest } from "../../core/log/append-request.ts";
import type { NewEvent } from "../../core/log/new-event.ts";
import { Claims } from "../../core/log/claims.ts";
import { decideInOrder } from "../../core/log/decide-in-order.ts";
import type { AppendVerdict } from "../../core/log/event-log.ts";
import { eventTime } from "../../core/event/event-time.ts";
import { conflictOf } from "../../core/log/expected-version.ts";
import { MixedStreamError } from "../../core/log/links.ts";
import type { RecordedEvent } from "../../core/event/recorded-event.ts";
import { repeatOf } from "../../core/log/repeat.ts";
import type { CommitSnapshot } from "./commit-snapshot.ts";
import type { Session } from "./connections.ts";

/** Commits of other hosts may still change the position, and the time if the caller gave none. */
type Planned = { -readonly [Field in keyof RecordedEvent]: RecordedEvent[Field] };

/** Appends decided on a snapshot that may be outdated by the time they are written. */
export class Commit {
  readonly verdicts: AppendVerdict[];
  readonly #basis: CommitSnapshot;
  readonly #claims: Claims;
  readonly #events: NewEvent[] = [];
  readonly #planned: Planned[] = [];
  readonly #byId = new Map<string, Planned>();
  readonly #isTimed: boolean;
  /** Assumed stream versions, which the write has to check. */
  readonly #stated: ReadonlyMap<string, number>;
  #lastTime: string;

  constructor(basis: CommitSnapshot, requests: readonly AppendRequest[]) {
    this.#basis = basis;
    this.#claims = new Claims(basis.claims);
    this.#isTimed = requests.some(({ events }) => events.some(({ time }) => time !== undefined));
    this.#lastTime = basis.lastTime;
    this.#stated = new Map(basis.isAssumed ? basis.versions : []);
    this.verdicts = decideInOrder(requests, (request) => this.#decide(request));
  }

  get count(): number {
    return this.#planned.length;
  }

  /** True if the snapshot suffices: an assumed version must neither reject an append nor change claims. */
  get isDecided(): boolean {
    return !this.#basis.isAssumed || !(this.claimsHaveChanged || this.verdicts.some((verdict) => "error" in verdict));
  }

  get claimsHaveChanged(): boolean {
    return this.#basis.claims.hasChanged;
  }

  #decide(request: AppendRequest): AppendVerdict {
    const { versions, linked, known } = this.#basis;
    const { stream, events, expectedVersion } = request;
    const repeat = repeatOf(request, (id) => this.#byId.get(id) ?? known.get(id));
    if (repeat) return repeat;
    if (linked.has(stream)) return { error: new MixedStreamError(stream, "links") };
    const version = versions.get(stream)!;
    const refusal = conflictOf(stream, expectedVersion, version) ?? this.#claims.refusalOf(request);
    if (refusal) return { error: refusal };
    versions.set(stream, version + events.length);
    const first = this.#basis.head + this.count + 1;
    const stored = events.map((event, index) => this.#plan(stream, version + 1 + index, event));
    this.#claims.stored(request, first);
    return { events: stored, repeated: false };
  }

  #plan(stream: string, version: number, event: NewEvent): RecordedEvent {
    const { id, type, payload, meta } = event;
    const position = this.#basis.head + this.count + 1;
    const time = (this.#lastTime = eventTime(this.#basis.now, this.#lastTime, event.time));
    const planned: Planned = {
      id,
      type,
      stream,
      version,
      position,
      time,
      payload: payload as Planned["payload"],
      meta,
    };
    this.#events.push(event);
    this.#planned.push(planned);
    this.#byId.set(id, planned);
    return planned;
  }

  /** The parameters of `storeCommitInSql`, except the last. */
  values(): unknown[] {
    const [events, planned] = [this.#events, this.#planned];
    // Given times and claims depend on the head of the snapshot, so the head must be unchanged.
    const needsSameHead = this.#isTimed || this.claimsHaveChanged;
    return [
      this.count,
      this.#isTimed ? this.#lastTime : null,
      this.#basis.revision,
      needsSameHead ? this.#basis.head : null,
      planned.map(({ id }) => id),
      planned.map(({ type }) => type),
      planned.map(({ version }) => version),
      planned.map(({ stream }) => stream),
      this.#isTimed ? planned.map(({ time }) => time) : [],
      events.map(({ payloadText }) => payloadText),
      events.map(({ metaText }) => metaText),
      [...this.#stated.keys()],
      [...this.#stated.values()],
    ];
  }

  /** Must be called in the transaction that stores the commit. */
  saveClaims(session: Session, schema: string): Promise<void> {
    return this.#basis.claims.save(session, schema);
  }

  /**
   * Sets the final positions and times.
   * @param before the head before the commit
   */
  wasStored(before: number, time: string): void {
    const shift = before - this.#basis.head;
    for (const event of this.#planned) {
      event.position += shift;
      if (!this.#isTimed) event.time = time;
    }
  }
}
