import type { AppendRequest, NewEvent } from "../../core/append-request.ts";
import { Claims } from "../../core/claims.ts";
import { decideInOrder } from "../../core/decide-in-order.ts";
import type { AppendVerdict } from "../../core/event-log.ts";
import { eventTime } from "../../core/event-time.ts";
import { conflictOf } from "../../core/expected-version.ts";
import { MixedStreamError } from "../../core/links.ts";
import type { RecordedEvent } from "../../core/recorded-event.ts";
import { repeatOf } from "../../core/repeat.ts";
import type { Basis } from "./basis.ts";
import type { Session } from "./connections.ts";

/** Its position, and its time where none was given, may still be moved by commits of other hosts. */
type Planned = { -readonly [Field in keyof RecordedEvent]: RecordedEvent[Field] };

/** What some appends come to, decided on a basis that may be outdated when it is written. */
export class Commit {
  readonly verdicts: AppendVerdict[];
  readonly #basis: Basis;
  readonly #claims: Claims;
  readonly #events: NewEvent[] = [];
  readonly #planned: Planned[] = [];
  readonly #byId = new Map<string, Planned>();
  readonly #isTimed: boolean;
  #lastTime: string;

  constructor(basis: Basis, requests: readonly AppendRequest[]) {
    this.#basis = basis;
    this.#claims = new Claims(basis.claims);
    this.#isTimed = requests.some(({ events }) => events.some(({ time }) => time !== undefined));
    this.#lastTime = basis.lastTime;
    this.verdicts = decideInOrder(requests, (request) => this.#decide(request));
  }

  get count(): number {
    return this.#planned.length;
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

  /** The parameters of `writeInSql`. */
  values(): unknown[] {
    const [events, planned] = [this.#events, this.#planned];
    // Times that were given, and claims, are reckoned from where the head was: then it must still be there.
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
    ];
  }

  /** In the transaction that stores it. */
  saveClaims(session: Session, schema: string): Promise<void> {
    return this.#basis.claims.save(session, schema);
  }

  /** It was stored behind this position, at this time. */
  wasStored(before: number, time: string): void {
    const shift = before - this.#basis.head;
    for (const event of this.#planned) {
      event.position += shift;
      if (!this.#isTimed) event.time = time;
    }
  }
}

/**
 * Stores a commit's events and answers behind which position, and when; no row where the basis no longer holds. What it
 * is decided on besides is held by the keys of the tables: a version or an id that is taken meanwhile ends the statement
 * with a unique violation. The head's row is locked first and by this statement alone, so that commits have the order
 * of their positions and nobody waits while a host thinks.
 */
export const writeInSql = (schema: string, now: string, channel: string | null) => `
  WITH h AS (
    UPDATE ${schema}.head SET position = position + $1::bigint, time = coalesce($2::text, greatest(time, ${now}))
    WHERE revision = $3::bigint AND ($4::bigint IS NULL OR position = $4::bigint)
    RETURNING position - $1::bigint AS before, time
  ), stored AS (
    INSERT INTO ${schema}.events (position, id, type, version, stream, time, payload, meta)
    SELECT h.before + e.n, e.id, e.type, e.version, e.stream, coalesce(e.time, h.time), e.payload, e.meta
    FROM h, unnest($5::text[], $6::text[], $7::bigint[], $8::text[], $9::text[], $10::text[], $11::text[])
      WITH ORDINALITY AS e(id, type, version, stream, time, payload, meta, n)
  )
  SELECT before, time${channel === null ? "" : `, pg_notify('${channel.replaceAll("'", "''")}', (before + $1::bigint)::text)`} FROM h`;
