import { randomUUID } from "node:crypto";
import { endCopies, logAt, open } from "../../cli/copy-cases.ts";
import { pause, pauses } from "../../cli/pause-cases.ts";
import { newFolder } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(endCopies);

describeWith("nats-server", "On NATS JetStream", (server) => {
  pauses((folder) => `${server().url}?folder=${folder}/index&prefix=${randomUUID()}-`);
});
describeWith("mongodb", "On MongoDB", (server) => {
  pauses((folder) => `${server().url}/${randomUUID()}?folder=${folder}/index`);
});
describeWith("postgres", "On PostgreSQL", (server) => {
  pauses(() => `${server().url}?schema=${randomUUID()}`);

  it("a log with a running host is not paused", async () => {
    const log = `${server().url}?schema=${randomUUID()}`;
    const { broker } = await open(log, newFolder());
    const ended = await pause(log);
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain(
      `${logAt(log).location}: found a host of the store running, expected none: nothing was paused. Stop every host of the store, and run the command again`,
    );
    expect(await broker.call("mails.status")).toMatchObject({ paused: false });
  });
});
