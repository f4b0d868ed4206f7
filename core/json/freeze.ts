/**
 * Freezes a value all the way down, and answers it. What is frozen already is taken to be so inside as well; bytes, which
 * JavaScript cannot freeze, stay as they are.
 */
export function freezeDeep<Value>(value: Value): Value {
  if (value === null || typeof value !== "object" || Object.isFrozen(value) || ArrayBuffer.isView(value)) return value;
  Object.freeze(value);
  for (const inner of Object.values(value)) freezeDeep(inner);
  return value;
}
