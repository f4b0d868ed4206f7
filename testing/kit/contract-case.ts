/** One law of a port, to be run by any test runner: `for (const { name, run } of cases) it(name, run)`. */
export interface ContractCase {
  name: string;
  /** Takes a place of its own and leaves nothing behind; rejects with an AssertionError where the law is broken. */
  run: () => Promise<void>;
}

/** Sentence → how it is checked. */
export type Cases<Stand> = Readonly<Record<string, (stand: Stand) => Promise<void>>>;

/** What the sentences are about. */
export interface Subject<Stand> {
  name: string;
  cases: Cases<Stand>;
  /** False where the engine declares that it does not promise this. */
  isListed?: boolean;
}

/** Each case on a stand of its own, which is cleared away whatever happens. */
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
