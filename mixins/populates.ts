import { ValidationError } from "../core/errors.ts";

export type Populating = { populates?: Record<string, unknown> | null };

/** @throws ValidationError for a field that the service does not populate, or a path that does not begin with one */
export function checkPopulates({ populates }: Populating, names: unknown): void {
  const known = Object.keys(populates ?? {});
  for (const name of (names ?? []) as string[])
    if (!known.some((field) => name === field || name.startsWith(`${field}.`)))
      throw new ValidationError([
        {
          field: "populate",
          found: name,
          expected: known.length === 0 ? "none: the service populates nothing" : `one of ${known.join(", ")}`,
        },
      ]);
}
