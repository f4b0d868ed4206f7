import type { JetStreamClient, JetStreamManager, NatsConnection } from "nats";
import type { Ask } from "./resend.ts";

/** An open connection with its JetStream clients. */
export interface OpenConnection {
  connection: NatsConnection;
  manager: JetStreamManager;
  stream: JetStreamClient;
}

/** The connection for one call. `ask` resends a request until it gets a response, or the call ends. */
export interface Connected extends OpenConnection {
  ask: Ask;
}
