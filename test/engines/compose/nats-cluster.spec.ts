import { readFileSync } from "node:fs";
import { join } from "node:path";
import { nats } from "../../../adapters/nats/nats.ts";
import type { EventLog } from "../../../core/log/event-log.ts";
import { appended, appendTo } from "../../../testing/event-log/requests.ts";
import { cleanUp, eventually, newFolder } from "../../support/broker.ts";
import { describeWith, EngineServer, find, freePort, type Engine } from "../../support/engines.ts";
import { buildNats } from "../../support/nats-build.ts";

const servers: EngineServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  await cleanUp();
});

/** The arguments of each server in the file: every service begins with its name, and ends with the next one. */
function commands(): Map<string, string[]> {
  const file = readFileSync(new URL("../../../docker-compose.cluster.yml", import.meta.url), "utf8");
  const services = [...file.matchAll(/^ {2}(nats-\d):\n((?: {4}.*\n)+)/gm)];
  return new Map(
    services.map(([, name, text]) => [name!, [...text!.matchAll(/^ {6}- (--.*)$/gm)].map(([, argument]) => argument!)]),
  );
}

type Argument = (argument: string, own: string, folder: string) => string;

/** Names and ports of the network inside become those of this machine; nothing else is changed. */
async function placed(names: Iterable<string>): Promise<Argument> {
  const routes = new Map<string, number>();
  for (const name of names) routes.set(name, await freePort());
  return (argument, own, folder) =>
    argument
      .replace("/data", join(folder, "data"))
      .replace("0.0.0.0:6222", `127.0.0.1:${routes.get(own)}`)
      .replaceAll(/(nats-\d):6222/g, (_, name: string) => `127.0.0.1:${routes.get(name)}`)
      .replace(/--http_port=.*/, "--http_port=-1");
}

async function start(program: string, all: Map<string, string[]>): Promise<string> {
  const here = await placed(all.keys());
  for (const [name, args] of all) {
    const engine: Engine = {
      program,
      url: (port) => `nats://127.0.0.1:${port}`,
      args: (port, folder) => [
        ...args.map((argument) => here(argument, name, folder)),
        "--addr=127.0.0.1",
        `--port=${port}`,
      ],
    };
    servers.push(await EngineServer.start(engine, program));
  }
  return servers.map(({ url }) => url).join();
}

/** Now and then, servers that start at the same moment never count each other's JetStream in: others take their place. */
async function openedOn(program: string, all: Map<string, string[]>): Promise<EventLog> {
  for (let attempt = 1; ; attempt++) {
    const log = nats(await start(program, all), { replicas: 3, folder: newFolder() }).eventLog!("events");
    try {
      await eventually(() => log.open(), 15_000);
      return log;
    } catch (error) {
      for (const server of servers.splice(0)) await server.stop();
      if (attempt === 3) throw error;
    }
  }
}

describeWith("nats-server built here", "The servers of docker-compose.cluster.yml", () => {
  it("keep a log with three replicas, and go on without one of them", async () => {
    const all = commands();
    expect([...all.keys()]).toEqual(["nats-1", "nats-2", "nats-3"]);
    const log = await openedOn(await buildNats(find("go")!), all);
    expect(log.capabilities.durability).toBe("power");
    await appended(log, appendTo("a"));
    await servers[0]!.kill();
    await eventually(() => appended(log, appendTo("a")));
    expect(await log.head()).toBeGreaterThanOrEqual(2);
    await log.close();
  });
});
