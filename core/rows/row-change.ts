/** One change of one row. `values` are checked and in stored form; fields left out of an update keep their value. */
export type RowChange =
  | {
      operation: "create" | "update";
      id: string;
      values: Record<string, unknown>;
    }
  | { operation: "remove"; id: string };
