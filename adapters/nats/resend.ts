import { times } from "../../core/concurrency/times.ts";

/** @param isFirst no earlier request was sent, so a refusal cannot be caused by one */
type Send<Answer> = (isFirst: boolean) => Promise<Answer>;

export type Ask = <Answer>(send: Send<Answer>) => Promise<Answer>;

/**
 * Resends a request until it gets a response. JetStream silently drops a request that arrives while its stream has no
 * leader. The first response or time-out of any of the requests settles the call; `over` stops the resending.
 */
export async function resend<Answer>(send: Send<Answer>, over: AbortSignal): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const ask = (isFirst: boolean) => void send(isFirst).then(resolve, reject);
  const timer = setInterval(() => (over.aborted ? clearInterval(timer) : ask(false)), times.nats.resendMs);
  ask(true);
  try {
    return await promise;
  } finally {
    clearInterval(timer);
  }
}
