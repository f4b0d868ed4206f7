import Sequencer from "@jest/test-sequencer";

/** Those that take minutes, or wait for leases and servers: begun last, they would be waited for alone. */
const slow = [
  "faults/takeover",
  "engines/contract/mongodb",
  "faults/engine-outage",
  "faults/multinode/kill",
  "engines/examples/engines",
  "engines/contract/",
  "faults/",
  "docs/",
  "contract/",
  "mixins/past",
  "mixins/restore",
  "mixins/subscription-nodes",
  "mixins/aggregate",
  "mixins/rebuild",
  "property/",
];

const rank = ({ path }) => {
  const place = slow.findIndex((part) => path.includes(`/test/${part}`));
  return place < 0 ? slow.length : place;
};

/** The order of a run's files, whether or not a run before has left its times. */
export default class SlowFirst extends Sequencer {
  sort(tests) {
    return tests.toSorted((one, other) => rank(one) - rank(other));
  }
}
