import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import type { ServiceBroker } from "moleculer";
import { times } from "../../../core/concurrency/times.ts";
import { LeaseHold } from "../../../mixins/consumer/lease-hold.ts";
import { pumpKey } from "../../../mixins/event-store/pump/pump-checkpoint.ts";
import { startCli } from "../../cli/cli-process.ts";
import { append, copies, copy, endCopies, filled, logAt, open, sqliteIn } from "../../cli/copy-cases.ts";
import { shop, type Doings } from "../../cli/shop.ts";
import { newFolder, refusal, startBroker } from "../../support/broker.ts";
import { describeWith } from "../../support/engines.ts";

afterEach(endCopies);

describeWith("nats-server", "On NATS JetStream", (server) => {
  copies((folder) => `${server().url}?folder=${folder}/index&prefix=${randomUUID()}-`);

  it("names the state for which the server has no room", async () => {
    const from = await filled(sqliteIn(newFolder(), "from"), 10);
    const log = logAt(from);
    await log.open();
    await log.control.put("state/process-manager/payments/7", "x".repeat(2_000_000), 0);
    await log.close();
    const ended = await copy(from, server().url, "--name", "largeState");
    expect(ended.code).toBe(1);
    expect(ended.errors).toMatch(
      /state state\/process-manager\/payments\/7 was not stored: .*has 2000081 bytes, expected at most/,
    );
  });
});
describeWith("mongodb", "On MongoDB", (server) => {
  copies((folder) => `${server().url}/${randomUUID()}?folder=${folder}/index`);
});
describeWith("postgres", "On PostgreSQL", (server) => {
  copies(() => `${server().url}?schema=${randomUUID()}`);
});

describeWith("postgres", "The source of a copy on a server", (server) => {
  const doings = (): Doings => ({ folded: [], handled: [] });

  it("is refused while a host of its store runs, though its pump is paused, and nothing is copied", async () => {
    const [from, folder] = [`${server().url}?schema=hosted`, newFolder()];
    const { broker } = await open(from, folder);
    await broker.call("shopEvents.pausePump");
    await broker.stop();
    await broker.start();
    const ended = await copy(from, sqliteIn(folder, "to"), "--name", "shopEvents");
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain(
      `${logAt(from).location}: a host of the store is running or was killed; waiting up to 3 s`,
    );
    expect(ended.errors).toContain(
      "found a host of the store running, expected none: nothing was copied. Stop every host",
    );
    expect(existsSync(`${folder}/to.db`)).toBe(false);
  });

  it("is waited for until the lease of a host that was killed has lapsed", async () => {
    const [from, folder] = [await filled(`${server().url}?schema=killed`, 10), newFolder()];
    const log = logAt(from);
    await log.open();
    const hold = new LeaseHold(
      {
        leaseMs: times.lease.lastsMs,
        takeLease: (...asked) => log.control.acquireLease(pumpKey, ...asked),
        releaseLease: (lease) => log.control.releaseLease(lease),
      },
      "host",
    );
    await hold.acquire();
    const ended = await startCli(["copy", from, sqliteIn(folder, "to"), "--name", "shopEvents"], (output) => {
      if (output.includes("is running or was killed")) hold.lose();
    });
    expect(hold.lease).toBeNull();
    expect(ended).toMatchObject({ code: 0 });
    await log.close();
  });

  it("leaves the copy closed where a host was started meanwhile, until it is copied without one", async () => {
    const [from, folder] = [await filled(`${server().url}?schema=started`, 3000), newFolder()];
    const to = sqliteIn(folder, "to");
    let host: Promise<ServiceBroker> | undefined;
    const ended = await startCli(["copy", from, to, "--name", "shopEvents"], (_, kill) => {
      if (host) return;
      // Else it may be done before a host has come.
      kill("SIGSTOP");
      host = open(from, folder).then(({ broker }) => broker);
      const goOn = () => kill("SIGCONT");
      void host.then(goOn, goOn);
    });
    expect(ended.code).toBe(1);
    expect(ended.errors).toContain(
      "its new events are not in the copy, which no store opens before it is finished. Stop every host of the store",
    );
    const other = newFolder();
    expect((await refusal(() => startBroker([shop(to, other, doings())]))).message).toContain(
      "an unfinished copy of another log",
    );
    await (await host!).stop();
    expect(await copy(from, to, "--name", "shopEvents")).toMatchObject({ code: 0, errors: "" });
  });

  it("is not its own copy by another address", async () => {
    const from = await filled(`${server().url}?schema=twice`, 10);
    const to = from.replace("127.0.0.1", "localhost");
    expect(to).not.toBe(from);
    const ended = await copy(from, to, "--name", "shopEvents");
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain("<to> is the same log as <from>; choose another place: another database");
  });

  it("is looked for under the store's name, and where it stands is said without the password", async () => {
    const from = server().url;
    expect(from).toContain(":right@");
    const ended = await copy(from, sqliteIn(newFolder(), "to"), "--name", "shopEvent");
    expect(ended).toMatchObject({ code: 1, output: "" });
    expect(ended.errors).toContain(
      `${logAt(from, "shopEvent").location}: found no log named shopEvent, expected one: --name is the store's name, <from> its place`,
    );
    expect(ended.errors).not.toContain("right");
  });

  /** Appends to the source as long as `goesOn`. */
  async function appendTo(from: string, goesOn: () => boolean): Promise<void> {
    const log = logAt(from);
    await log.open();
    for (let n = 0; goesOn(); n++) await append(log, n, 1);
    await log.close();
  }

  it("may be written to while it is copied: the rest follows", async () => {
    const [from, folder] = [`${server().url}?schema=busy`, newFolder()];
    await filled(from, 3000);
    let isWritten = true;
    const writer = appendTo(from, () => isWritten);
    const ended = await startCli(["copy", from, sqliteIn(folder, "to"), "--name", "shopEvents"], (output) => {
      if (output.includes("copying the rest")) isWritten = false;
    });
    isWritten = false;
    await writer;
    expect(ended).toMatchObject({ code: 0, errors: "" });
    expect(ended.output).toContain("The source may have changed during the copy");
    const [source, target] = [logAt(from), logAt(sqliteIn(folder, "to"))];
    await Promise.all([source.open(), target.open()]);
    expect(await target.head()).toBe(await source.head());
    await Promise.all([source.close(), target.close()]);
  });

  it("is to be stopped where it never rests", async () => {
    const [from, folder] = [`${server().url}?schema=restless`, newFolder()];
    await filled(from, 3000);
    let isWritten = true;
    const writer = appendTo(from, () => isWritten);
    const ended = await startCli(["copy", from, sqliteIn(folder, "to"), "--name", "shopEvents"]);
    isWritten = false;
    await writer;
    expect(ended).toMatchObject({ code: 1 });
    expect(ended.errors).toContain("If the source has running hosts, stop them and run the command again");
    expect(await copy(from, sqliteIn(folder, "to"), "--name", "shopEvents")).toMatchObject({ code: 0 });
  });
});
