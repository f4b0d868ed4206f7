import { randomUUID } from "node:crypto";
import { endCopies, logAt, open } from "../../cli/copy-cases.ts";
import { pause, pauses, rests, start, stopped } from "../../cli/pause-cases.ts";
import { eventually, newFolder } from "../../support/broker.ts";
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

  it("all of its nodes go on once one of them is told to", async () => {
    const log = `${server().url}?schema=${randomUUID()}`;
    await stopped(log, newFolder());
    await pause(log);
    const namespace = randomUUID();
    const nodes: Awaited<ReturnType<typeof start>>[] = [];
    for (const nodeID of ["a", "b"])
      nodes.push(await start(log, newFolder(), { nodeID, namespace, transporter: "Fake" }));
    for (const { broker } of nodes) await rests(broker, "mails", "payments");
    const [first, second] = nodes;
    // Whichever node has the leases, the other one is asked as well.
    await second!.broker.call("shopEvents.resumeAll");
    await eventually(() => expect(nodes.flatMap(({ handled }) => handled())).toEqual(["order-3"]));
    await eventually(() => expect(nodes.flatMap(({ heard }) => heard)).toEqual(["order-3"]));
    for (const { broker } of nodes)
      await eventually(async () => {
        for (const service of ["mails", "payments", "shopEvents"])
          expect(await broker.call(`${service}.status`, {}, { nodeID: broker.nodeID })).toMatchObject({
            paused: false,
          });
      });
    await eventually(async () => expect(await first!.processes()).toEqual(["1", "2", "3"]));
  });

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
