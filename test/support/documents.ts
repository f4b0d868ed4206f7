import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

export const root = fileURLToPath(new URL("../..", import.meta.url));
export const documents = ["README.md", ...readdirSync(join(root, "docs")).map((file) => `docs/${file}`)];

export const read = (document: string) => readFileSync(join(root, document), "utf8");
