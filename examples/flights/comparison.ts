type Row = { id: string };

export interface Difference {
  id: string;
  /** `id` if a whole row is missing or unexpected. */
  field: string;
  found: unknown;
  expected: unknown;
}

/** Every field that differs, and every row that is missing, unexpected or duplicated. */
export function differencesBetween(found: readonly Row[], expected: readonly Row[]): Difference[] {
  const open = new Map(expected.map((row) => [row.id, row]));
  const differences: Difference[] = [];
  for (const row of found) {
    const twin = open.get(row.id);
    open.delete(row.id);
    differences.push(...(twin ? differingFields(row, twin) : [whole(row.id, row.id, undefined)]));
  }
  for (const id of open.keys()) differences.push(whole(id, undefined, id));
  return differences;
}

const whole = (id: string, found: unknown, expected: unknown): Difference => ({ id, field: "id", found, expected });

function differingFields(found: Row, expected: Row): Difference[] {
  const left = new Map<string, unknown>(Object.entries(found));
  const right = new Map<string, unknown>(Object.entries(expected));
  return [...new Set([...left.keys(), ...right.keys()])]
    .filter((field) => !Object.is(left.get(field), right.get(field)))
    .map((field) => ({ id: found.id, field, found: left.get(field), expected: right.get(field) }));
}
