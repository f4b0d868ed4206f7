import { checkSamples } from "../../samples/check-samples.ts";
import { postgres } from "../../samples/postgres-sample.ts";

checkSamples(postgres);
