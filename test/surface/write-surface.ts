// `npm run surface`: writes the file that test/surface.spec.ts compares.
import { writeFileSync } from "node:fs";
import { surface, surfaceFile } from "./surface.ts";

writeFileSync(surfaceFile, await surface());
