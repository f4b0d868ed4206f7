import type { Lease, Versioned } from "../../core/log/control.ts";
import type { Processes } from "../../mixins/process-manager/processes.ts";

type Place = Pick<ConstructorParameters<typeof Processes>[0], "source" | "lease" | "checkpoint">;

/** Storage for the processes of a scenario, with a lease that no other holder contends for. */
export function keptInMemory(): Place {
  const kept = new Map<string, Versioned>();
  const lease: Lease = { name: "scenario", holder: "scenario", epoch: 1 };
  return {
    lease: { lease },
    checkpoint: { forget: () => {} },
    source: {
      state: async (of = "") => kept.get(of) ?? null,
      states: async () => [],
      saveState: async (value, revision, _lease, of = "") => {
        if (value === null) kept.delete(of);
        else kept.set(of, { value, revision: revision + 1 });
        return revision + 1;
      },
    },
  };
}
