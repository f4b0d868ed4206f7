import { checkSamples } from "../../samples/check-samples.ts";
import { mongodb } from "../../samples/mongodb-sample.ts";

checkSamples(mongodb);
