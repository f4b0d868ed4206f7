import { jest } from "@jest/globals";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import type { EventLog } from "../../core/log/event-log.ts";
import { LeaseHold, type LeaseSource } from "../../mixins/consumer/lease-hold.ts";
import { eventually } from "../support/broker.ts";

const minutes = 60_000;
/** Durations for a lease that should lapse, and for one that must outlive a slow machine's pauses. */
const [shortMs, longMs] = [300, 2000];
let log: EventLog;
const holds: LeaseHold[] = [];

beforeEach(async () => {
  log = memory().eventLog!("events");
  await log.open();
});
afterEach(async () => {
  jest.restoreAllMocks();
  for (const hold of holds.splice(0)) hold.lose();
  await log.close();
});

/** The lease of a node whose engine is `log`, unless `takeLease` replaces it. */
function holdOf(node: string, source: Partial<LeaseSource> = {}): LeaseHold {
  const hold = new LeaseHold(
    {
      leaseMs: shortMs,
      takeLease: (...asked) => log.control.acquireLease("pump", ...asked),
      releaseLease: (lease) => log.control.releaseLease(lease),
      ...source,
    },
    node,
  );
  holds.push(hold);
  return hold;
}

/** Tries like a consumer, until it has the lease. */
const taken = (hold: LeaseHold) =>
  eventually(async () => {
    const lease = await hold.acquire();
    if (!lease) throw new Error(hold.cause ?? "it is not held");
    return lease;
  });

describe("A lease of a node", () => {
  it.each([
    ["ahead", 5 * minutes],
    ["behind", -5 * minutes],
  ])("is taken over after its time where the clock of its holder was five minutes %s", async (_, shift) => {
    const now = Date.now();
    const clock = jest.spyOn(Date, "now").mockReturnValue(now + shift);
    const first = holdOf("killed");
    const { epoch } = (await first.acquire())!;
    first.lose();
    clock.mockReturnValue(now);
    const second = holdOf("next");
    expect(await second.acquire()).toBeNull();
    expect(second.cause).toMatch(/^waits for the lease of node killed, unchanged for [\d.]+ s of 0\.3 s$/);
    expect(second.restMs).toBeLessThanOrEqual(shortMs);
    expect((await taken(second)).epoch).toBe(epoch + 1);
    expect([second.cause, second.restMs]).toEqual([null, Infinity]);
  });

  it("is not taken over while its holder renews it, and is at once when it is released", async () => {
    const [first, second] = [holdOf("first", { leaseMs: longMs }), holdOf("second")];
    await first.acquire();
    const renewals = new Set<string>();
    while (renewals.size < 5) {
      expect(await second.acquire()).toBeNull();
      renewals.add((await log.control.acquireLease("pump", "looks on", 1)).current!.mark);
      await new Promise((turn) => setTimeout(turn, 20));
    }
    await first.release();
    second.isFreed();
    expect(await second.acquire()).not.toBeNull();
  });

  it("is kept where one renewal gets no answer", async () => {
    const lost = Promise.withResolvers<never>();
    let asked = 0;
    const hold = holdOf("node", {
      leaseMs: longMs,
      takeLease: (...request) => (++asked === 2 ? lost.promise : log.control.acquireLease("pump", ...request)),
    });
    const lease = await hold.acquire();
    await eventually(() => expect(asked).toBeGreaterThan(5));
    expect(hold.isCertain).toBe(true);
    expect(hold.lease).toBe(lease);
    lost.reject(new Error("too late"));
  });

  it("is not certain any more, before another node can take it, where no renewal is answered", async () => {
    let isSilent = false;
    const first = holdOf("silent", {
      takeLease: (...request) => (isSilent ? new Promise(() => {}) : log.control.acquireLease("pump", ...request)),
    });
    await first.acquire();
    isSilent = true;
    const second = holdOf("next");
    await taken(second);
    expect(first.isCertain).toBe(false);
  });
});
