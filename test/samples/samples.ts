import { globSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** The newest format, whose samples `npm run samples` makes. Raise it after a release that stores other forms. */
export const newestFormat = "0.1";

const root = fileURLToPath(new URL(".", import.meta.url));

export const sampleFolder = (format: string, engine: string): string => join(root, format, engine);

/** The formats of which an engine has a sample. */
export const formatsOf = (engine: string): string[] =>
  globSync(`*/${engine}/expected.json`, { cwd: root }).map((file) => file.split("/")[0]!);
