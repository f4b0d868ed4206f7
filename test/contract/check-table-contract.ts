import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readTableContract } from "moleculer-event-sourcing/testing";
import type { Adapter } from "../../core/adapter.ts";

/** The contract of tables against an engine that keeps no logs. `inProcess` is the module from which another process gets its port. */
export function checkTableContract(adapter: (folder: string) => Adapter, inProcess?: string): void {
  const newPlace = async () => {
    const folder = mkdtempSync(join(tmpdir(), "contract-"));
    const place = adapter(folder);
    return {
      table: () => place.readTable!("table"),
      remove: async () => rmSync(folder, { recursive: true, force: true }),
      ...(inProcess !== undefined && { inProcess: { module: inProcess, args: [folder] } }),
    };
  };
  for (const { name, run } of readTableContract(newPlace, adapter("anywhere").readTable!("table").capabilities))
    it(name, run);
}
