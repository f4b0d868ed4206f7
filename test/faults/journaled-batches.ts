import type { CountChange } from "../support/counted-rows.ts";

/** Rows that are created, updated, removed, and created again under the same id. */
export const batches: CountChange[][] = [
  [
    { id: "kept", does: "add" },
    { id: "removed", does: "add" },
    { id: "again", does: "add" },
  ],
  [
    { id: "kept", does: "add" },
    { id: "removed", does: "remove" },
    { id: "again", does: "again" },
    { id: "new", does: "add" },
  ],
  [
    { id: "kept", does: "add" },
    { id: "removed", does: "again" },
    { id: "again", does: "remove" },
    { id: "new", does: "remove" },
  ],
  [
    { id: "new", does: "again" },
    { id: "again", does: "add" },
    { id: "kept", does: "remove" },
  ],
];

/** A host stops within the second batch: its writes are the decision, four rows, and the checkpoint. */
export const stops = ["change batch", "changed", "put kept", "put removed", "put again", "put new", "change progress"];
