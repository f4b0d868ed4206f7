import { ChainedLog } from "../../../../adapters/parts/commit-chain/chained-log.ts";
import type { AppendRelay, RelayAnswer } from "../../../../core/log/append-relay.ts";
import type { AppendRequest } from "../../../../core/log/append-request.ts";
import { StoreUnavailableError, VersionConflictError } from "../../../../core/errors/errors.ts";
import { fromRelayed, toRelayed } from "../../../../mixins/event-store/append/relayed-group.ts";
import { everything } from "../../../../testing/event-log/log-fixture.ts";
import { appended, appendTo, ids, many, refused, stored, upTo } from "../../../../testing/event-log/requests.ts";
import { cleanUp, newFolder } from "../../../support/broker.ts";
import { MemoryChain, MemoryServer } from "./memory-chain.ts";

afterEach(cleanUp);

type OnSend = (store: () => Promise<RelayAnswer>) => Promise<RelayAnswer>;

/** Hosts of one chain, which reach each other as over a broker. */
class Hosts {
  readonly server = new MemoryServer();
  /** The sent groups: the receiving node and the number of appends. */
  readonly sent: [to: string, appends: number][] = [];
  onSend: OnSend = (store) => store();
  readonly #logs = new Map<string, ChainedLog>();

  async host(node: string): Promise<ChainedLog> {
    const log = new ChainedLog(new MemoryChain(this.server), `${newFolder()}/x.index.db`);
    const relay: AppendRelay = {
      node,
      send: (to, identity, requests) => {
        this.sent.push([to, requests.length]);
        return this.onSend(() => this.#store(to, identity, requests));
      },
    };
    log.relayAppends(relay);
    await log.open();
    this.#logs.set(node, log);
    return log;
  }

  async #store(to: string, identity: string, requests: readonly AppendRequest[]): Promise<RelayAnswer> {
    const log = this.#logs.get(to)!;
    if ((await log.identity()) !== identity) throw new Error(`found log ${identity}`);
    const message = JSON.parse(JSON.stringify(toRelayed(requests))) as ReturnType<typeof toRelayed>;
    const verdicts = await log.append(fromRelayed(message, { maxEventBytes: 1_000_000 }));
    return {
      stored: verdicts.map((verdict) => ("error" in verdict || verdict.repeated ? null : verdict.events[0]!)),
      isShared: true,
    };
  }

  /** Two hosts, the first of which has just committed first. */
  async pair(): Promise<[first: ChainedLog, second: ChainedLog]> {
    const [first, second] = [await this.host("first"), await this.host("second")];
    await appended(first, appendTo("a", many(2)), appendTo("claimed"));
    return [first, second];
  }
}

const conflicting = () => appendTo("a", [{}], { expectedVersion: 1 });

describe("An append of a host that is overtaken", () => {
  it("is stored by the host that was first, and answered as if it were stored here", async () => {
    const hosts = new Hosts();
    const [first, second] = await hosts.pair();
    const request = appendTo("b", [{ payload: { n: 1 } }, { type: "other", meta: { user: "ann" } }]);
    const verdicts = await second.append([request, appendTo("c")]);
    expect(hosts.sent).toEqual([["first", 2]]);
    const log = await everything(first);
    expect(verdicts.flatMap(stored)).toEqual(log.slice(3));
    expect(log.map(({ position }) => position)).toEqual(upTo(6));
    expect(verdicts.map((verdict) => "events" in verdict && verdict.repeated)).toEqual([false, false]);
    expect(hosts.server.records.at(-1)).toContain('"by":"first"');
  });

  it("is found at once by a read on the same host", async () => {
    const hosts = new Hosts();
    const [, second] = await hosts.pair();
    for (let n = 1; n <= 3; n++) {
      const [event] = await appended(second, appendTo("b"));
      expect(await second.readStream("b", { afterVersion: n - 1, limit: 10 })).toEqual([event]);
      expect(await second.head()).toBe(event!.position);
    }
    expect(hosts.sent).toHaveLength(3);
  });

  it("is refused with the same error as by its own host, and the others of its group are stored", async () => {
    const hosts = new Hosts();
    const [, second] = await hosts.pair();
    const [conflict, other] = await second.append([conflicting(), appendTo("b")]);
    expect(refused(conflict)).toEqual(new VersionConflictError("a", 1, 2));
    expect(refused(conflict)).toBeInstanceOf(VersionConflictError);
    expect(stored(other)).toHaveLength(1);
    expect(hosts.sent).toHaveLength(1);
  });

  it("is recognised where it was stored before, and another content of its ids is refused", async () => {
    const hosts = new Hosts();
    const [first, second] = await hosts.pair();
    const keyed = (payload: number) => appendTo("b", [{ payload }, {}], { commandId: "order 7" });
    const events = await appended(first, keyed(1), appendTo("c", [{ id: ids[0] }]));
    const [again, reused] = await second.append([keyed(1), appendTo("c", [{ id: ids[0], payload: 2 }])]);
    expect(again).toMatchObject({ events: events.slice(0, 2), repeated: true });
    expect(refused(reused).type).toBe("EVENT_ID_REUSED");
    const [fewer] = await second.append([appendTo("b", [{ payload: 1 }], { commandId: "order 7" })]);
    expect(refused(fewer).type).toBe("EVENT_ID_REUSED");
    expect(await first.head()).toBe(6);
  });

  it("claims and gives back as on its own host", async () => {
    const hosts = new Hosts();
    const [first, second] = await hosts.pair();
    const scope = { scope: "name", definition: "v1" };
    const claiming = (stream: string, claimed = true) =>
      appendTo(stream, [{ type: "taken" }], {
        claims: [{ ...scope, changes: [{ value: "ann", claimed }] }],
      });
    await first.claims.begin(scope.scope, scope.definition, ["taken"]);
    await first.claims.fold({ ...scope, after: 0, position: 3, changes: [] });
    await second.head();
    await appended(first, appendTo("a"));
    await appended(second, claiming("b"));
    expect(await first.claims.claimants("name", "v1", ["ann"])).toEqual({ ann: "b" });
    const [twin] = await second.append([claiming("c")]);
    expect(refused(twin).data).toMatchObject({ stream: "c", claimant: "b" });
    await appended(second, claiming("b", false));
    expect(await first.claims.claimants("name", "v1", ["ann"])).toEqual({});
    expect(hosts.sent).toHaveLength(3);
  });

  it("takes along what was decided on it, and that is refused with it", async () => {
    const hosts = new Hosts();
    const [, second] = await hosts.pair();
    const [good, bad] = [appendTo("b", [{}], { expectedVersion: 0 }), conflicting()];
    const verdicts = await second.append([
      good,
      { ...appendTo("b", [{}], { expectedVersion: 1 }), dependsOn: good },
      bad,
      { ...appendTo("a", [{}], { expectedVersion: 2 }), dependsOn: bad },
      { ...appendTo("b", [{}], { expectedVersion: 9 }), dependsOn: good },
    ]);
    expect(verdicts.slice(0, 2).flatMap(stored)).toHaveLength(2);
    expect(verdicts.slice(2).map((verdict) => refused(verdict).type)).toEqual([
      "VERSION_CONFLICT",
      "SPECULATION_FAILED",
      "VERSION_CONFLICT",
    ]);
    expect(hosts.sent).toHaveLength(1);
  });

  it("is stored by its own host where no message carries it, or the framework appends it", async () => {
    const hosts = new Hosts();
    const [first, second] = await hosts.pair();
    await appended(second, appendTo("b", many(60, { payload: "x".repeat(10_000) })));
    await appended(first, appendTo("a"));
    const continued = { ...appendTo("c"), continues: true };
    await appended(second, appendTo("b"), continued);
    expect(hosts.sent).toEqual([]);
    expect(await first.head()).toBe(66);
  });

  it("goes no further where it came from another host", async () => {
    const hosts = new Hosts();
    const [first, second] = await hosts.pair();
    await appended(second, { ...appendTo("b"), isRelayed: true });
    await appended(first, { ...appendTo("b"), isRelayed: true });
    expect(hosts.sent).toEqual([]);
  });
});

describe("An append that another host was sent, and did not answer", () => {
  const lost = new StoreUnavailableError("the broker", "the answer was lost");

  it.each([
    { when: "it was stored", onSend: (async (store) => (await store(), Promise.reject(lost))) as OnSend },
    { when: "nothing was", onSend: (() => Promise.reject(lost)) as OnSend },
  ])("is stored once where $when, and answered as a new one", async ({ onSend }) => {
    const hosts = new Hosts();
    const [first, second] = await hosts.pair();
    hosts.onSend = onSend;
    const base = appendTo("b", [{}], { expectedVersion: 0 });
    const next = { ...appendTo("b", many(2), { expectedVersion: 1 }), follows: base };
    const verdicts = await second.append([base, next, conflicting()]);
    expect(verdicts.slice(0, 2)).toMatchObject([{ repeated: false }, { repeated: false }]);
    expect(refused(verdicts[2])).toEqual(new VersionConflictError("a", 1, 2));
    expect(verdicts.slice(0, 2).flatMap(stored)).toEqual((await everything(first)).slice(3));
    expect(await first.head()).toBe(6);
  });

  it("is stored once if it arrives while its own host stores it", async () => {
    // At another turn of the host's event loop each time.
    for (const turns of upTo(12)) {
      const hosts = new Hosts();
      const [first, second] = await hosts.pair();
      let late: Promise<unknown> = Promise.resolve();
      hosts.onSend = async (store) => {
        late = store();
        for (let n = 0; n < turns; n++) await new Promise((turn) => setImmediate(turn));
        throw lost;
      };
      const verdicts = await second.append([appendTo("b"), appendTo("c", many(2), { commandId: "key" })]);
      expect(verdicts.flatMap(stored)).toHaveLength(3);
      expect(verdicts[0]).toMatchObject({ repeated: false });
      await late;
      expect(hosts.sent).toHaveLength(1);
      expect(await everything(first)).toHaveLength(6);
    }
  });

  it("makes its host store the next ones itself", async () => {
    const hosts = new Hosts();
    const [, second] = await hosts.pair();
    hosts.onSend = () => Promise.reject(lost);
    for (let n = 0; n < 5; n++) await appended(second, appendTo("b"));
    expect(hosts.sent).toHaveLength(1);
  });
});

describe("Hosts that append at the same time", () => {
  it("eventually send all to one of them, and store each append once", async () => {
    const hosts = new Hosts();
    const logs = await Promise.all(["first", "second", "third"].map((node) => hosts.host(node)));
    const appends = upTo(40);
    await Promise.all(
      logs.map(async (log, number) => {
        for (const n of appends) await appended(log, appendTo(`own-${number}`, [{ payload: n }]), appendTo("shared"));
      }),
    );
    const log = await everything(logs[0]!);
    expect(log).toHaveLength(240);
    expect(new Set(log.map(({ id }) => id)).size).toBe(240);
    for (const [number] of logs.entries())
      expect(log.filter(({ stream }) => stream === `own-${number}`).map(({ payload }) => payload)).toEqual(appends);
    const leaders = new Set(hosts.sent.slice(-40).map(([to]) => to));
    expect(leaders.size).toBe(1);
    expect(hosts.server.records.slice(-10).every((record) => record.includes(`"by":"${[...leaders][0]}"`))).toBe(true);
  });
});
