type Row = { id: string };

export interface Difference {
  id: string;
  /** `id` where a whole row is missing, or is there without being expected. */
  field: string;
  found: unknown;
  expected: unknown;
}

/** Every field of every row that is not as expected, also rows that are missing, too many, or there twice. */
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
