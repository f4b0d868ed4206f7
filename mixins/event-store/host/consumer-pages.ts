import { emptyCatalogue, type Catalogue, type CurrentCatalogue } from "../../../core/catalogue/catalogue.ts";
import {
  formerNamesOf,
  withHostNames,
  type FormerNames,
  type HandledTypes,
} from "../../../core/catalogue/new-names.ts";
import { storedMatcher } from "../../../core/catalogue/stored-types.ts";
import {
  changeControl,
  toControl,
  type ConsumerControl,
  type ControlChange,
} from "../../../core/consumer/consumer-control.ts";
import { controlKey, everything, resumedAlone, underAll } from "../../../core/consumer/pause-of-all.ts";
import type { OnDamaged } from "../../../core/event/damaged-event.ts";
import type { EventLog, Page, ReadOptions, ReadStreamOptions } from "../../../core/log/event-log.ts";
import { withFormat } from "../../../core/log/stored-format.ts";
import type { RecordedEvent } from "../../../core/event/recorded-event.ts";
import { noteUnreadable, upcastEach, upcastKnown, type Unreadable } from "../../../core/catalogue/upcast-page.ts";
import type { ConsumerPage, StreamPage } from "../../consumer/consumer-page.ts";
import type { Opener } from "../../service/opener.ts";
import type { RecordedNames } from "../../../core/log/recorded-names.ts";

interface Dependencies {
  log: EventLog;
  opener: Pick<Opener, "assertOpen">;
  catalogue: CurrentCatalogue;
  names: RecordedNames;
}

const maxKnownIds = 100;
const maxKeptControls = 1000;

/** Serves the pages that consumers poll: the next events, with the consumer's control state. */
export class ConsumerPages {
  readonly #d: Dependencies;
  /** No other process changes the log. */
  readonly #isAlone: boolean;
  /** Event ids by position, cached because consumers poll the same position. They never change while the log is open. */
  readonly #ids = new Map<number, string>();

  /** The consumers that have read a page from this host. */
  readonly #consumers = new Set<string>();
  /** Of a log with one host, what no other process changes: control state changes here alone, the identity never. */
  readonly #controls = new Map<string, ConsumerControl>();
  #identity: string | null = null;
  /** Everything may be paused: only the command line pauses it, while no host has the log open. */
  #mayAllBePaused = true;
  /** Counts the changes of control state: what was read before one is not kept after it. */
  #changes = 0;

  constructor(dependencies: Dependencies) {
    this.#d = dependencies;
    this.#isAlone = dependencies.log.capabilities.hosts === "one";
  }

  /** The consumers with this name prefix that are not paused. They would handle newly stored events. */
  async unpaused(prefix: string): Promise<string[]> {
    this.#d.opener.assertOpen();
    const found: string[] = [];
    for (const consumer of this.#consumers)
      if (consumer.startsWith(prefix) && !(await this.control(consumer)).paused) found.push(consumer);
    return found;
  }

  /** Clears the cache, because another log may be opened next. */
  forget(): void {
    this.#ids.clear();
    this.#consumers.clear();
    this.#controls.clear();
    this.#identity = null;
    this.#d.names.forget();
    this.#mayAllBePaused = true;
  }

  /**
   * `isLocal`: the consumer is on this node. `isRaw`: the events as they are stored, for a consumer that has a catalogue of
   * its own.
   * @throws StoreUnavailableError while the log is not open
   */
  async page(
    consumer: string,
    { after, limit }: Pick<ReadOptions, "after" | "limit">,
    handled: HandledTypes,
    { isLocal = false, isRaw = false } = {},
  ): Promise<ConsumerPage> {
    const { log, opener } = this.#d;
    opener.assertOpen();
    this.#consumers.add(consumer);
    const head = await log.head();
    const damaged: Record<string, Unreadable> = {};
    // Mostly there is no news: then the engine is not asked for events.
    const hasNews = limit > 0 && after < head;
    const onDamaged: OnDamaged = (error) => noteUnreadable(damaged, error);
    const page = hasNews
      ? await this.#read((wanted) => log.read({ after, limit, wanted, onDamaged }), handled, isRaw)
      : { events: [], position: after, end: limit > 0, catalogue: emptyCatalogue };
    const last = page.events.at(-1);
    if (last) this.#cacheId(last);
    const afterId = this.#ids.get(after) ?? (await this.#idAt(after));
    const control = this.#controls.get(consumer) ?? (await this.control(consumer));
    const { skipped } = control;
    const read = { events: page.events, unreadable: damaged };
    const known = upcastKnown(page.catalogue, read, (id) => Object.hasOwn(skipped, id), handled.isWanted);
    const position = known.newer ? known.newer.position - 1 : page.position;
    const isSame = position === after;
    return {
      ...known,
      position,
      end: page.end && !known.newer,
      afterId,
      positionId: isSame ? afterId : (this.#ids.get(position) ?? (await this.#idAt(position))),
      // More may have been appended while the events were read.
      head: hasNews ? Math.max(head, page.position) : head,
      log: this.#identity ?? (await this.#identityOf(log)),
      control,
      ...(page.formerNames && { formerNames: page.formerNames }),
      ...(isLocal && this.#isAlone && { notifies: true }),
    };
  }

  /**
   * Reads the stored types that may be read as wanted ones, and those that are new names of wanted ones. `isRaw`: whether
   * the reader knows these names shows its own catalogue.
   */
  async #read<Read extends Pick<Page, "events">>(
    read: (wanted: (storedType: string) => boolean) => Promise<Read>,
    handled: HandledTypes,
    isRaw: boolean | undefined,
  ): Promise<Read & { catalogue: Catalogue; formerNames?: FormerNames }> {
    const { names, catalogue } = this.#d;
    return names.read(async (recorded, see) => {
      const own = isRaw ? emptyCatalogue : withHostNames(catalogue.current, recorded, handled);
      const isRead = storedMatcher(own, handled.isWanted);
      const isNew = (type: string) =>
        isRaw ? Object.hasOwn(recorded, type) && recorded[type]!.some(isRead) : own.newNames.has(type);
      const found = await read((type) => {
        see(type);
        return isRead(type) || isNew(type);
      });
      const formerNames = isRaw && formerNamesOf(recorded, found.events);
      return { ...found, catalogue: own, ...(formerNames && { formerNames }) };
    });
  }

  async streamPage(
    stream: string,
    { afterVersion: after, limit }: Pick<ReadStreamOptions, "afterVersion" | "limit">,
    handled: HandledTypes,
    isRaw?: boolean,
  ): Promise<StreamPage> {
    const { log, opener } = this.#d;
    opener.assertOpen();
    for (let afterVersion = after; ;) {
      const unreadable: Record<string, Unreadable> = {};
      const onDamaged: OnDamaged = (error) => noteUnreadable(unreadable, error);
      const read = async (wanted: (storedType: string) => boolean) => ({
        events: await log.readStream(stream, { afterVersion, limit, wanted, onDamaged }),
      });
      const { events, catalogue, formerNames } = await this.#read(read, handled, isRaw);
      const page: StreamPage = {
        ...upcastEach(catalogue, { events, unreadable }, handled.isWanted),
        ...(formerNames && { formerNames }),
      };
      // An empty page is the end, so one whose events are all dropped is passed.
      if (events.length === 0 || page.events.length > 0) return page;
      afterVersion = events.at(-1)!.version;
    }
  }

  async #idAt(position: number): Promise<string | null> {
    if (position === 0) return null;
    const event = (await this.#d.log.read({ after: position - 1, limit: 1, onDamaged: () => {} })).events[0];
    return event ? this.#cacheId(event) : null;
  }

  #cacheId({ position, id }: RecordedEvent): string {
    if (this.#ids.size > maxKnownIds) this.#ids.clear();
    this.#ids.set(position, id);
    return id;
  }

  async #identityOf(log: EventLog): Promise<string> {
    const identity = await log.identity();
    if (this.#isAlone) this.#identity = identity;
    return identity;
  }

  async control(consumer: string): Promise<ConsumerControl> {
    const changes = this.#changes;
    const own = toControl(consumer, await this.#d.log.control.get(controlKey(consumer)));
    const control = underAll(consumer, own, await this.ofAll());
    if (this.#isAlone && changes === this.#changes) {
      if (this.#controls.size >= maxKeptControls) this.#controls.clear();
      this.#controls.set(consumer, control);
    }
    return control;
  }

  /** The control state of everything that acts; null if it is not paused. */
  async ofAll(): Promise<ConsumerControl | null> {
    if (!this.#mayAllBePaused) return null;
    const all = toControl(everything, await this.#d.log.control.get(controlKey(everything)));
    this.#mayAllBePaused = all.paused;
    return all.paused ? all : null;
  }

  /** Changes the control state. After a concurrent change it retries, so that both changes take effect. */
  async change(consumer: string, change: ControlChange): Promise<ConsumerControl> {
    this.#d.opener.assertOpen();
    for (;;) {
      const before = await this.control(consumer);
      const after = changeControl(consumer, before, change);
      const { revision: _, ...control } =
        "resume" in change ? resumedAlone(consumer, after, await this.ofAll()) : after;
      const revision = await this.#put(controlKey(consumer), control, before.revision);
      if (revision !== null) return { ...control, revision };
    }
  }

  /** Even if it fails the state may have changed: nothing is kept of what was known before. */
  async #put(key: string, control: object, before: number): Promise<number | null> {
    try {
      return await this.#d.log.control.put(key, withFormat("control", control), before);
    } finally {
      this.#changes++;
      this.#controls.clear();
    }
  }
}
