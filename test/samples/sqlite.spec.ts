import { checkSamples } from "./check-samples.ts";
import { sqlite } from "./sample-engine.ts";

checkSamples(sqlite, async () => "");
