import { engines } from "../../adapters/engines.ts";
import { resolveAdapter } from "../../core/adapter.ts";
import { everything } from "../../testing/event-log/log-fixture.ts";
import { Link, type Way } from "../cluster/link.ts";
import { cleanUp, eventually, newFolder } from "../support/broker.ts";
import { describeWith, type EngineServer } from "../support/engines.ts";
import { killChildren, startChild } from "./child.ts";

afterEach(async () => {
  killChildren();
  await cleanUp();
});

const portOf = (url: string): number => Number(/:(\d+)(?=\/|$|\?)/.exec(url.slice(url.indexOf("://") + 3))![1]);

/** The server's URL through the link, and further options of the adapter. */
const adapterOf = (url: string, name: string): string =>
  name === "postgres" ? url : `${url}${url.includes("?") ? "&" : "?"}folder=${newFolder()}`;

async function stopsOver(server: EngineServer, name: string, ways: readonly Way[]) {
  const link = await Link.to(portOf(server.url));
  try {
    const url = server.url.replace(String(portOf(server.url)), String(link.port));
    const transporter = name.startsWith("nats") ? url : "";
    const child = startChild("./stopping-process.ts", adapterOf(url, name), newFolder(), transporter);
    const acknowledged: number[] = [];
    child.lines.on("line", (line) => acknowledged.push(Number(line)));
    await eventually(() => {
      if (acknowledged.length < 20) throw new Error(`${acknowledged.length} appends are acknowledged`);
    });
    link.stall(...ways);
    child.end();
    // Ends although the link passes no bytes.
    await child.exited;
    link.pass();
    const log = resolveAdapter(engines, adapterOf(server.url, name)).eventLog!("events");
    await log.open();
    const positions = (await everything(log)).map(({ position }) => position);
    await log.close();
    return { acknowledged, positions };
  } finally {
    await link.close();
  }
}

for (const name of ["nats-server", "postgres", "mongodb"] as const)
  describeWith(name, `A node whose connection to ${name} is half dead`, (server) => {
    it.each<{ lost: string; ways: Way[] }>([
      { lost: "its requests are lost", ways: ["there"] },
      { lost: "the answers are lost", ways: ["back"] },
      { lost: "both are lost", ways: ["there", "back"] },
    ])("ends when it is told to, without what was acknowledged being lost: $lost", async ({ ways }) => {
      const { acknowledged, positions } = await stopsOver(server(), name, ways);
      expect(positions).toEqual(expect.arrayContaining(acknowledged));
    });
  });
