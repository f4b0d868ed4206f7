import { checkSamples } from "../../samples/check-samples.ts";
import { moleculerDb } from "../../samples/file-engines.ts";

checkSamples(moleculerDb);
