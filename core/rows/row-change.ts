/** One change of one row. `values` are checked and in stored form; an update keeps the value of omitted fields. */
export type RowChange =
  | {
      operation: "create" | "update";
      id: string;
      values: Record<string, unknown>;
    }
  | { operation: "remove"; id: string };
