import { writeFileSync } from "node:fs";
import { hashesFile, presentHashes } from "./migrations.ts";

writeFileSync(hashesFile, `${JSON.stringify(presentHashes(), null, 2)}\n`);
