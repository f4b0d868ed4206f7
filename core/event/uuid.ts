import { createHash } from "node:crypto";

/** Bytes of a UUID as text, with its version and RFC 9562's variant set. Changes the bytes. */
export function uuidOf(bytes: Uint8Array, version: number): string {
  bytes[6] = (version << 4) | (bytes[6]! & 0x0f);
  bytes[8] = 0x80 | (bytes[8]! & 0x3f);
  const hex = Buffer.from(bytes.buffer, bytes.byteOffset, 16).toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

/** UUID version 5: the same for the same name and namespace. RFC 9562, 5.5. */
export function uuidOfName(name: string, namespace: string): string {
  const hash = createHash("sha1").update(namespace.replaceAll("-", ""), "hex").update(name);
  return uuidOf(hash.digest(), 5);
}

/** Of any version that RFC 9562 defines, in either case, also Nil and Max. */
export const isUuid = (text: string): boolean => uuid.test(text);

const uuid =
  /^(?:[\da-f]{8}-[\da-f]{4}-[1-8][\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}|0{8}(?:-0{4}){3}-0{12}|f{8}(?:-f{4}){3}-f{12})$/i;
