/** One law of a port, for any test runner: `for (const { name, run } of cases) it(name, run)`. */
export interface ContractCase {
  name: string;
  /** Uses a place of its own and leaves nothing behind. Rejects with an AssertionError if the law is broken. */
  run: () => Promise<void>;
}

/** Sentence → check. */
export type Cases<Stand> = Readonly<Record<string, (stand: Stand) => Promise<void>>>;

/** The subject of the sentences. */
export interface Subject<Stand> {
  name: string;
  cases: Cases<Stand>;
  /** False if the engine declares that it does not support this. */
  isListed?: boolean;
}

/** Runs each case with its own fixture, which is always removed. */
export const casesOf = <Stand extends { end(): Promise<void> }>(
  newStand: () => Stand,
  subjects: readonly Subject<Stand>[],
): ContractCase[] =>
  subjects
    .filter(({ isListed }) => isListed !== false)
    .flatMap(({ name, cases }) =>
      Object.entries(cases).map(([sentence, check]) => ({
        name: `${name} ${sentence}`,
        run: async () => {
          const stand = newStand();
          try {
            await check(stand);
          } finally {
            await stand.end();
          }
        },
      })),
    );
