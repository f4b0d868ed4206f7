import { nats, type NatsLogOptions } from "../../../adapters/nats/nats.ts";
import { appended, appendTo } from "../../../testing/event-log/requests.ts";
import { cleanUp, newFolder, refusal } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(cleanUp);

describeWith("nats-server of a domain", "A log in a domain of JetStream", (server) => {
  const newLog = (options: NatsLogOptions) =>
    nats(server().url, { folder: newFolder(), ...options }).eventLog!("events");

  it("is the same by the domain's name and by the prefix of its API", async () => {
    const one = newLog({ domain: "hub" });
    await one.open();
    await appended(
      one,
      appendTo(
        "s-1",
        Array.from({ length: 100 }, () => ({})),
      ),
    );
    await one.close();
    const other = newLog({ apiPrefix: "$JS.hub.API" });
    await other.open();
    expect((await other.read({ after: 0, limit: 1000 })).events).toHaveLength(100);
    await other.close();
  });

  it("is not there in a domain that the server does not know", async () => {
    expect(await refusal(() => newLog({ domain: "elsewhere" }).open())).toMatchObject({
      type: "STORE_UNAVAILABLE",
      message: expect.stringContaining("/elsewhere/events") as string,
    });
  });
});
