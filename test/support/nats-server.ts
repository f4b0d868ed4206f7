import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { buildNats } from "./nats-build.ts";
import type { Engine } from "./engines.ts";

export type NatsServer =
  | "nats-server"
  | "nats-server built here"
  | "nats-server without JetStream"
  | "nats-server with little room"
  | "nats-server of a domain";

const config = (folder: string) => join(folder, "nats.conf");
const address = (port: number) => ["--addr", "127.0.0.1", "--port", String(port)];
const url = (port: number) => `nats://127.0.0.1:${port}`;
const program = "nats-server";
const withJetStream = (port: number, folder: string) => [...address(port), "--jetstream", "--store_dir", folder];

export const natsServers: Record<NatsServer, Engine> = {
  "nats-server": { program, url, args: withJetStream },
  "nats-server built here": { program: "go", build: buildNats, url, args: withJetStream },
  "nats-server without JetStream": { program, url, args: address },
  "nats-server of a domain": {
    program,
    url,
    prepare: (folder) =>
      writeFileSync(config(folder), `jetstream { store_dir: ${JSON.stringify(folder)}, domain: hub }`),
    args: (port, folder) => [...address(port), "--config", config(folder)],
  },
  "nats-server with little room": {
    program,
    url,
    prepare: (folder) =>
      writeFileSync(
        config(folder),
        `jetstream { store_dir: ${JSON.stringify(folder)}, max_file_store: 2MB }
        authorization { user: ann, password: right }`,
      ),
    args: (port, folder) => [...address(port), "--config", config(folder)],
  },
};
