import { mkdirSync, readFileSync, globSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";

/** Stores the files of a folder, each as a gzip; `isOmitted` gets the path inside the folder. */
export function packFolder(from: string, to: string, isOmitted: (path: string) => boolean = () => false): void {
  for (const path of globSync("**", { cwd: from })) {
    if (isOmitted(path) || !statSync(join(from, path)).isFile()) continue;
    write(join(to, `${path}.gz`), gzipSync(readFileSync(join(from, path)), { level: 9 }));
  }
}

export function unpackFolder(from: string, to: string): void {
  for (const path of globSync("**/*.gz", { cwd: from }))
    write(join(to, path.slice(0, -".gz".length)), gunzipSync(readFileSync(join(from, path))));
}

function write(file: string, content: Buffer): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
