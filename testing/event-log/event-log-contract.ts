import type { LogCapabilities } from "../../core/log/event-log.ts";
import { casesOf, type ContractCase } from "../kit/contract-case.ts";
import { arrivals } from "./arrivals.ts";
import { backups, noBackups } from "./backups.ts";
import { claims } from "./claims.ts";
import { commits } from "./commits.ts";
import { expectedVersions } from "./expected-versions.ts";
import { followers } from "./follows.ts";
import { chains, times } from "./imports.ts";
import { history } from "./history.ts";
import { leases } from "./leases.ts";
import { links, linksInBackups, linksOpenedAgain } from "./links.ts";
import { LogFixture, type LogPlace } from "./log-fixture.ts";
import { pagesOfTheLog } from "./pages.ts";
import { manyHosts, ports, soleHost } from "./ports.ts";
import { kills, soleHostAmongProcesses } from "./processes.ts";
import { queries } from "./queries.ts";
import { races } from "./races.ts";
import { claimsReopened } from "./claims-reopened.ts";
import { reopening } from "./reopening.ts";
import { commandIds, repeats } from "./repeats.ts";
import { state } from "./state.ts";
import { storedEvents } from "./stored-events.ts";
import { listOfStreams, streams } from "./streams.ts";
import { storedTypes, typesReopened } from "./types.ts";

/**
 * A case for every law of the EventLog port and every declared capability. An engine that declares a durability other
 * than "none" needs `inProcess` in its place: cases kill another process. An engine that declares backups needs
 * `backup` in its place.
 *
 * @example for (const { name, run } of eventLogContract(newPlace, capabilities)) it(name, run);
 */
export function eventLogContract(newPlace: () => Promise<LogPlace>, capabilities: LogCapabilities): ContractCase[] {
  const isDurable = capabilities.durability !== "none";
  const hasOneHost = capabilities.hosts === "one";
  return casesOf(
    () => new LogFixture(newPlace, capabilities),
    [
      { name: "A log's port", cases: ports },
      { name: "A commit", cases: commits },
      { name: "An expected version", cases: expectedVersions },
      { name: "An append that is sent again", cases: repeats },
      { name: "An append with a command id", cases: commandIds },
      { name: "No event", cases: arrivals },
      { name: "Stored events", cases: storedEvents },
      { name: "A page of the log", cases: pagesOfTheLog },
      { name: "A stream", cases: streams },
      { name: "The list of streams", cases: listOfStreams },
      { name: "The types of stored events", cases: storedTypes },
      { name: "Links", cases: links },
      { name: "A query of events", cases: queries },
      { name: "A claim", cases: claims },
      { name: "Control state", cases: state },
      { name: "A lease", cases: leases },
      { name: "A history", cases: history },
      { name: "A request that continues another", cases: chains },
      { name: "A request that depends on another", cases: followers },
      { name: "The given time of an event", cases: times },
      { name: "A backup of a log", cases: backups, isListed: capabilities.backup },
      { name: "Links", cases: linksInBackups, isListed: capabilities.backup },
      { name: "A log without backups", cases: noBackups, isListed: !capabilities.backup },
      { name: "The only host of a log", cases: soleHost, isListed: hasOneHost },
      { name: "Hosts of one log", cases: manyHosts, isListed: !hasOneHost },
      { name: "Hosts of one log", cases: races, isListed: !hasOneHost },
      { name: "A log opened again", cases: reopening, isListed: isDurable },
      { name: "A claim in a log opened again", cases: claimsReopened, isListed: isDurable },
      { name: "A log opened again", cases: typesReopened, isListed: isDurable },
      { name: "Links opened again", cases: linksOpenedAgain, isListed: isDurable },
      { name: "A log whose host is killed", cases: kills, isListed: isDurable },
      { name: "A log with one host", cases: soleHostAmongProcesses, isListed: isDurable && hasOneHost },
    ],
  );
}
