import type { Service, ServiceBroker } from "moleculer";
import type { Catalogue } from "../../core/catalogue/catalogue.ts";
import type { DeciderDefinition } from "../../core/decider/decider.ts";
import { times } from "../../core/concurrency/times.ts";
import { lifecycleOf } from "../service/broker-lifecycle.ts";
import { within } from "../../core/concurrency/within.ts";
import { finishBeforeEndOf } from "../service/companion.ts";
import { DecisionAppender } from "./decision-appender.ts";
import { ClaimKeeper } from "./claim-keeper.ts";
import { Commands } from "./commands.ts";
import { Entities } from "./entities.ts";
import { Outcomes } from "./outcomes.ts";
import { SnapshotWriter } from "./snapshot-writer.ts";
import { SpeculativeState } from "./speculative-state.ts";
import { MappedTypes } from "../service/missing-types.ts";
import { TrialFold } from "./trial-fold.ts";

/** A decider on one node: its cached entities, claims, commands and state snapshots. */
export class DeciderHost {
  readonly decider: DeciderDefinition;
  readonly store: string;
  readonly entities: Entities;
  readonly claims: ClaimKeeper;
  readonly appender: DecisionAppender;
  readonly commands: Commands;
  readonly mappedTypes: MappedTypes;
  readonly #snapshots: SnapshotWriter;
  readonly #broker: ServiceBroker;
  readonly #forget: () => void;

  constructor(
    decider: DeciderDefinition,
    { name: store, catalogue }: { name: string; catalogue: Catalogue },
    { broker, logger }: Service,
  ) {
    const warn = (message: string, details: object) => logger.warn(message, details);
    this.decider = decider;
    this.store = store;
    this.#broker = broker;
    this.entities = new Entities(decider, store);
    this.claims = new ClaimKeeper(decider, store, catalogue, warn);
    this.#snapshots = new SnapshotWriter(decider, store, broker, warn);
    this.#forget = finishBeforeEndOf(broker, store, () => this.#snapshots.idle());
    this.appender = new DecisionAppender({ store, catalogue, claims: this.claims });
    const { entities, appender } = this;
    const patterns = [...decider.evolve.keys()];
    this.mappedTypes = new MappedTypes(broker, { store, name: decider.name, patterns, catalogue });
    const speculative = new SpeculativeState(decider);
    const logDefect = (message: string, error: unknown) => logger.error(message, error);
    const outcomes = new Outcomes({ decider, store, entities, speculative, snapshots: this.#snapshots, logDefect });
    const trial = new TrialFold(decider, catalogue);
    this.commands = new Commands({ decider, entities, speculative, appender, outcomes, trial });
  }

  /** Folds the claims early, so that the first command need not wait. After a failure, the first command folds them. */
  async foldClaims(): Promise<void> {
    await this.claims.catchUp(this.#broker).catch(() => {});
  }

  /** Drops the cached entities, because the next start may find another log. */
  async stop(): Promise<void> {
    this.entities.dropAll();
    await within(times.stop.followerMs, this.#snapshots.idle());
    // A stopped broker may start the service again; a destroyed service stays destroyed.
    if (!lifecycleOf(this.#broker).isDown) this.#forget();
  }
}
