/**
 * Freezes a value deeply and returns it. A frozen value is assumed to be frozen inside, too; typed arrays, which
 * JavaScript cannot freeze, stay as they are.
 */
export function freezeDeep<Value>(value: Value): Value {
  if (value === null || typeof value !== "object" || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freezeDeep(inner);
  return value;
}
