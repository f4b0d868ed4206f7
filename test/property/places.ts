import { memory } from "moleculer-event-sourcing/adapters/memory";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import type { Adapter } from "moleculer-event-sourcing";
import { newFolder } from "../support/broker.ts";

/** A fresh place on each engine. No power is cut here, so SQLite need not wait for the disk. */
export const places: [engine: string, newPlace: () => Adapter][] = [
  ["SQLite", () => sqlite(`${newFolder()}/place.db`, { synchronous: "NORMAL" })],
  ["Memory", () => memory()],
];
