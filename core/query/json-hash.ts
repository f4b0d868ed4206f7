// Looked up once: globals are slow inside a VM context, such as a test runner's.
const { imul } = Math;
const { keys } = Object;
const { isArray } = Array;
const { isFinite } = Number;

/** Counts the effort: elements, and characters of texts. */
type Spend = (effort: number) => void;

/**
 * A number of 32 bits of a JSON value: equal for values with the same canonical JSON, and mostly different for others.
 * It neither sorts nor allocates, so that it costs a tenth of the text.
 */
export function jsonHash(value: unknown, spend: Spend): number {
  if (typeof value === "string") return textHash(value, spend);
  if (typeof value === "bigint") return textHash(String(value), spend);
  spend(1);
  if (typeof value === "number") return isFinite(value) ? numberHash(value) : ofNull;
  if (typeof value === "boolean") return value ? ofTrue : ofFalse;
  if (value === null || typeof value !== "object") return ofNull;
  if (isArray(value)) return value.reduce<number>((hash, one) => mixed(hash, jsonHash(one, spend)), ofArray);
  if ("toJSON" in value && typeof value.toJSON === "function") return jsonHash(value.toJSON(), spend);
  return objectHash(value as Record<string, unknown>, spend);
}

const [ofNull, ofTrue, ofFalse, ofArray, ofObject, ofText, ofNumber] = [1, 2, 3, 4, 5, 6, 7];

/** A sum, so that the order of the keys makes no difference. */
function objectHash(value: Record<string, unknown>, spend: Spend): number {
  let hash = ofObject;
  for (const key of keys(value)) {
    const inner = value[key];
    if (inner !== undefined) hash = (hash + mixed(textHash(key, spend), jsonHash(inner, spend))) | 0;
  }
  return hash;
}

function textHash(text: string, spend: Spend): number {
  spend(1 + text.length);
  let hash = ofText;
  for (let index = 0; index < text.length; index++) hash = mixed(hash, text.charCodeAt(index));
  return hash;
}

/** Of the lower and the upper half, and of what is behind the point. */
const numberHash = (value: number) =>
  mixed(mixed(mixed(ofNumber, value | 0), (value / 0x1_0000_0000) | 0), (value % 1) * 0x7fff_ffff);

function mixed(hash: number, next: number): number {
  const product = imul(imul(hash, 0x9e37_79b1) ^ next, 0x85eb_ca6b);
  return product ^ (product >>> 15);
}
