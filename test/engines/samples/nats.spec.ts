import { checkSamples } from "../../samples/check-samples.ts";
import { nats } from "../../samples/nats-sample.ts";

checkSamples(nats);
