/** The part of Emmett's core that the benchmark uses, declared for the same reason as that of its SQLite store. */
declare module "@event-driven-io/emmett" {
  import type { SQLiteEventStore } from "@event-driven-io/emmett-sqlite";
  import type { Payload } from "../events.ts";

  export type CommandHandling = (store: SQLiteEventStore, stream: string, decide: () => object) => Promise<unknown>;

  export function CommandHandler<State>(options: {
    initialState: () => State;
    evolve: (state: State, event: { data: Payload }) => State;
  }): CommandHandling;
}
