import { times } from "../../core/concurrency/times.ts";

/** `isFirst`: no earlier request can have done what this one is refused for. */
type Send<Answer> = (isFirst: boolean) => Promise<Answer>;

export type Ask = <Answer>(send: Send<Answer>) => Promise<Answer>;

/**
 * JetStream drops a request that arrives while its stream has no leader, and says nothing. So the request is sent again
 * beside those that have no answer yet, until `over`. The first answer counts, and the first time-out ends it.
 */
export async function askedAgain<Answer>(send: Send<Answer>, over: AbortSignal): Promise<Answer> {
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
