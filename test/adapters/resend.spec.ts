import { resend } from "../../adapters/nats/resend.ts";
import { setTimes, times } from "../../core/concurrency/times.ts";
import { eventually } from "../support/broker.ts";

describe("A request that is asked again", () => {
  const { nats } = structuredClone(times);
  beforeAll(() => setTimes({ nats: { resendMs: 5 } }));
  afterAll(() => setTimes({ nats }));

  const never = new Promise<never>(() => {});
  const going = () => new AbortController().signal;

  it("gets the answer of any of them, and knows the first", async () => {
    const sent: boolean[] = [];
    const send = (isFirst: boolean) => (sent.push(isFirst) < 3 ? never : Promise.resolve("answer"));
    expect(await resend(send, going())).toBe("answer");
    expect(sent).toEqual([true, false, false]);
  });

  it("still receives the first response when others were sent", async () => {
    const sent: PromiseWithResolvers<string>[] = [];
    const send = () => {
      const request = Promise.withResolvers<string>();
      sent.push(request);
      return request.promise;
    };
    const answer = resend(send, going());
    await eventually(() => expect(sent.length).toBeGreaterThan(1));
    sent[0]!.resolve("late");
    expect(await answer).toBe("late");
  });

  it("fails with the first that is refused", async () => {
    const refused = (isFirst: boolean) => (isFirst ? never : Promise.reject(new Error("refused")));
    await expect(resend(refused, going())).rejects.toThrow("refused");
  });

  it("is sent no more when its call is over", async () => {
    let sent = 0;
    const over = new AbortController();
    void resend(() => (sent++, never), over.signal);
    over.abort();
    let another = 0;
    await resend(() => (++another > 3 ? Promise.resolve() : never), going());
    expect(sent).toBe(1);
  });
});
