import { ValidationError } from "../errors/errors.ts";

/** The entity's id in the params of a command; a number becomes a string. @throws ValidationError */
export function entityId(params: unknown): string {
  const { id } = (params ?? {}) as { id?: unknown };
  if (typeof id === "string" && id !== "") return id;
  if (Number.isFinite(id) || typeof id === "bigint") return String(id);
  throw new ValidationError([{ field: "id", found: id, expected: "the entity's id: a string that is not empty" }]);
}
