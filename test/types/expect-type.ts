// oxlint-disable typescript/no-unnecessary-type-parameters -- two functions are the same type only if their T is treated alike
/** True only where the two types are the same: optional and readonly fields, `any` and `unknown` told apart. */
export type Equals<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

/** Compiles where the type argument is what is handed over: `expectType<Equals<A, B>>(true)`. */
export function expectType<Claim extends boolean>(claim: Claim): Claim {
  return claim;
}
