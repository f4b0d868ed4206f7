import { longestLeaseMs, times } from "../../../core/concurrency/times.ts";

describe("The times", () => {
  const { lease, poll, consumerRetry, call, opening, append, fairness, copyLock, postgres, nats, copy } = times;

  it("renew a lock several times while it lives", () => {
    expect(copyLock.heartbeatMs * 3).toBeLessThanOrEqual(copyLock.silentMs);
  });

  it("ask more often than what is asked for takes", () => {
    expect(lease.retryMs).toBeLessThan(lease.lastsMs);
    expect(poll.everyMs).toBeLessThan(lease.lastsMs);
    expect(lease.lastsMs).toBeLessThan(longestLeaseMs);
    expect(poll.whileAwaitedMs).toBeLessThan(poll.everyMs);
    expect(consumerRetry.firstMs).toBeLessThan(poll.everyMs);
    expect(copyLock.retryMs).toBeLessThan(copyLock.doneMs);
    expect(copy.retryMs).toBeLessThan(lease.lastsMs);
    expect(nats.resendMs).toBeLessThan(nats.answerMs);
  });

  it("let a caller wait longer than what it waits for", () => {
    expect(postgres.listenMs).toBeLessThan(opening.retryTimeoutMs);
    expect(postgres.frozenMs).toBeLessThan(postgres.turnMs);
    expect(postgres.frozenAppendMs).toBeLessThan(postgres.outcomeMs);
    expect(copyLock.silentMs).toBeLessThan(copyLock.takenMs);
    expect(nats.answerMs).toBeLessThan(call.everyHostMs);
    expect(nats.pingMs * 3).toBeLessThan(call.storeMs);
    expect(fairness.longestBreakMs + fairness.mostMs).toBeLessThan(append.overtakenMs);
  });
});
