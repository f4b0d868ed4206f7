import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect, headers, type NatsConnection, type StreamConfig } from "nats";
import { isIndexOfChain, type Contents, type SampleEngine } from "./sample-engine.ts";

interface Message {
  stream: string;
  seq: number;
  subject: string;
  headers: [name: string, values: string[]][];
  text: string;
}

/** A line of the dump: a stream's configuration, or a message. */
type Line = { config: StreamConfig } | Message;

const dumpFile = (sample: string) => join(sample, "dump.jsonl");

export const nats: SampleEngine = {
  name: "nats",
  log: (server, folder) => `${server}?folder=${folder}`,
  table: (name, folder) => ({ adapter: `sqlite:${folder}/${name}` }),
  isDerived: isIndexOfChain,
  server: {
    program: "nats-server",
    dump: async (server, sample) => {
      const lines = await linesOf(server);
      writeFileSync(dumpFile(sample), lines.map((line) => `${JSON.stringify(line)}\n`).join(""));
    },
    load: (server, sample) =>
      withServer(server, async (connection) => {
        for (const line of readFileSync(dumpFile(sample), "utf8").trim().split("\n"))
          await restore(connection, JSON.parse(line) as Line);
      }),
    contents: async (server) => {
      const contents: Record<string, unknown[]> = {};
      for (const line of await linesOf(server))
        if ("config" in line) contents[line.config.name] = [line.config];
        else contents[line.stream]!.push({ subject: line.subject, headers: line.headers, text: line.text });
      return contents satisfies Contents;
    },
  },
};

const linesOf = (server: string): Promise<Line[]> =>
  withServer(server, async (connection) => {
    const manager = await connection.jetstreamManager();
    const lines: Line[] = [];
    for await (const { config, state } of manager.streams.list()) {
      lines.push({ config });
      for (let seq = 1; seq <= state.last_seq; seq++) {
        const found = await manager.streams.getMessage(config.name, { seq }).catch(() => null);
        if (found === null) continue;
        // The server checks those of its own again when the message is published.
        const own = [...(found.header ?? [])].filter(([name]) => !name.startsWith("Nats-"));
        const text = Buffer.from(found.data).toString();
        lines.push({ stream: config.name, seq, subject: found.subject, headers: own, text });
      }
    }
    return lines;
  });

async function restore(connection: NatsConnection, line: Line): Promise<void> {
  const manager = await connection.jetstreamManager();
  if ("config" in line) return void (await manager.streams.add(line.config));
  const sent = headers();
  for (const [name, values] of line.headers) for (const value of values) sent.append(name, value);
  // A message that has replaced others is published as often as its sequence needs.
  const { state } = await manager.streams.info(line.stream);
  for (let last = state.last_seq; last < line.seq; last++)
    await connection.jetstream().publish(line.subject, Buffer.from(line.text), { headers: sent });
}

async function withServer<Answer>(server: string, work: (connection: NatsConnection) => Promise<Answer>) {
  const connection = await connect({ servers: server });
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}
