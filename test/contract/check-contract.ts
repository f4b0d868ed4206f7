import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Adapter } from "../../core/adapter.ts";
import { eventLogContract, readTableContract } from "moleculer-event-sourcing/testing";

/** Both contracts against an engine of ours. `inProcess` is the module from which another process gets its port. */
export function checkContract(engine: string, adapter: (folder: string) => Adapter, inProcess?: string): void {
  const newPlace = async (kind: "log" | "table") => {
    const folder = mkdtempSync(join(tmpdir(), "contract-"));
    const place = adapter(folder);
    const restored = adapter(`${folder}/backup`);
    return {
      log: () => place.eventLog!("events"),
      table: () => place.readTable!("table"),
      backup: { to: `${folder}/backup/x.db`, port: () => restored.eventLog!("events") },
      remove: async () => rmSync(folder, { recursive: true, force: true }),
      ...(inProcess !== undefined && { inProcess: { module: inProcess, args: [kind, folder] } }),
    };
  };
  const anywhere = adapter("anywhere");

  describe(`${engine} as a log`, () => {
    for (const { name, run } of eventLogContract(() => newPlace("log"), anywhere.eventLog!("events").capabilities))
      it(name, run);
  });

  describe(`${engine} as a table`, () => {
    for (const { name, run } of readTableContract(() => newPlace("table"), anywhere.readTable!("table").capabilities))
      it(name, run);
  });
}
