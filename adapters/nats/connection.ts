import type { JetStreamClient, JetStreamManager, NatsConnection } from "nats";
import type { Ask } from "./asked-again.ts";

export interface OpenConnection {
  connection: NatsConnection;
  manager: JetStreamManager;
  stream: JetStreamClient;
}

/** For one call: `ask` repeats a request until the call has an answer, or the connection is gone. */
export interface Connected extends OpenConnection {
  ask: Ask;
}
