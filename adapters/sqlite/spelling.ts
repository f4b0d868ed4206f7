import { basename, dirname } from "node:path";
import { UnusableStoreError } from "../../core/errors/errors.ts";
import { namesIn } from "./names-in.ts";

const folded = (name: string) => name.normalize("NFC").toLowerCase();

/**
 * Two names that differ by case alone, or by how accents are composed, are one name on the file systems of macOS and
 * Windows: data that is copied there would be overwritten. So they are refused everywhere.
 * @throws UnusableStoreError
 */
export function assertOneSpelling(path: string): void {
  const name = basename(path);
  const other = namesIn(dirname(path)).find((found) => found !== name && folded(found) === folded(name));
  if (other !== undefined)
    throw new UnusableStoreError(
      path,
      `found ${other} in its folder, expected no name that differs from ${name} by case alone: many file systems take the two for one. Choose another name, or another folder`,
    );
}
