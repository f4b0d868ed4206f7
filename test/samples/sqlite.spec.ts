import { checkSamples } from "./check-samples.ts";
import { sqlite } from "./file-engines.ts";

checkSamples(sqlite);
