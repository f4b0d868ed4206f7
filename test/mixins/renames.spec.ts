import { memory } from "../../adapters/memory/memory.ts";
import { readChangedLogs } from "../support/changed-logs.ts";
import { cleanUp, newFolder } from "../support/broker.ts";
import type { NewPlace } from "../support/library-releases.ts";
import { readRenamedLogs } from "../support/renamed-logs.ts";
import { rollBackRenames } from "../support/rolled-back-renames.ts";

afterEach(cleanUp);

const places: [engine: string, newPlace: NewPlace][] = [
  ["memory", () => ({ log: memory(), folder: newFolder() })],
  [
    "SQLite",
    () => {
      const folder = newFolder();
      return { log: `sqlite:${folder}/events.db`, table: `sqlite:${folder}/loans.db`, folder };
    },
  ],
];

describe.each(places)("In %s, a log whose event types were renamed", (_engine, newPlace) => {
  readRenamedLogs(newPlace);
});
describe.each(places)("In %s, events that are read as others", (_engine, newPlace) => {
  readChangedLogs(newPlace);
});
describe.each(places)("In %s, an event type that a release renamed before it was rolled back", (_engine, newPlace) => {
  rollBackRenames(newPlace);
});
