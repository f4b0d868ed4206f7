import { readdirSync, rmSync } from "node:fs";
import { memory } from "moleculer-event-sourcing/adapters/memory";
import { sqlite } from "moleculer-event-sourcing/adapters/sqlite";
import type { Adapter } from "moleculer-event-sourcing";
import { newFolder } from "../support/broker.ts";

/** A new place on each engine. No power is cut here, so SQLite need not wait for the disk. */
export const places: [engine: string, newPlace: () => Adapter][] = [
  ["SQLite", () => sqlite(`${newFolder()}/place.db`, { durability: "process" })],
  ["Memory", () => memory()],
];

/** The deleted part of a table: all of it, its rows, or the record of the live generation. */
export type Loss = "all" | "rows" | "host";

/** A store, its tables and their snapshots, which outlive the process. */
export interface Home {
  log: Adapter;
  table: (name: string) => Adapter;
  snapshots: string;
  /** Deletes a part of a table that no process has open; its snapshots stay. */
  lose: (table: string, what: Loss) => void;
}

function sqliteHome(): Home {
  const folder = newFolder();
  const table = (name: string) => sqlite(`${folder}/${name}.db`, { durability: "process" });
  const files = { all: "(\\d+\\.)?db", rows: "\\d+\\.db", host: "db" };
  return {
    log: table("events"),
    table,
    snapshots: `${folder}/snapshots`,
    lose(name, what) {
      const isLost = new RegExp(`^${name}\\.${files[what]}`);
      for (const file of readdirSync(folder)) if (isLost.test(file)) rmSync(`${folder}/${file}`);
    },
  };
}

function memoryHome(): Home {
  const log = memory();
  const losses = new Map<string, number>();
  return {
    log,
    table: (name) => log.beside!(`${name} ${losses.get(name) ?? 0}`),
    snapshots: newFolder(),
    lose: (name) => void losses.set(name, (losses.get(name) ?? 0) + 1),
  };
}

export const homes: [engine: string, newHome: () => Home][] = [
  ["SQLite", sqliteHome],
  ["Memory", memoryHome],
];
