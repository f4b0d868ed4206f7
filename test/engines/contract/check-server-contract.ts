import { eventLogContract, readTableContract } from "moleculer-event-sourcing/testing";
import type { Adapter } from "../../../core/adapter.ts";

interface OnServer {
  /** The server that runs; before it does, any address. */
  url: () => string;
  adapter: (url: string) => Adapter;
  /** Removes what stands there under the name. */
  remove: (url: string, name: string) => Promise<unknown>;
  /** The module from which another process gets its port. */
  inProcess: string;
  /** The cases that are run; left out, all. */
  only?: RegExp;
}

/** The contracts that an engine on a server has a port for, each place under a name of its own. */
export function checkServerContract({ url, adapter, remove, inProcess, only = /./ }: OnServer): void {
  let places = 0;
  const newPlace = async (kind: "log" | "table") => {
    const [there, name] = [url(), `${kind} ${++places}`];
    const place = adapter(there);
    return {
      log: () => place.eventLog!(name),
      table: () => place.readTable!(name),
      remove: async () => void (await remove(there, name)),
      inProcess: { module: inProcess, args: [kind, there, name] },
    };
  };
  const anywhere = adapter(url());
  const [log, table] = [anywhere.eventLog?.("log"), anywhere.readTable?.("table")];

  if (log)
    describe("as a log", () => {
      for (const { name, run } of eventLogContract(() => newPlace("log"), log.capabilities))
        if (only.test(name)) it(name, run);
    });

  if (table)
    describe("as a table", () => {
      for (const { name, run } of readTableContract(() => newPlace("table"), table.capabilities))
        if (only.test(name)) it(name, run);
    });
}
