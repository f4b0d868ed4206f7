import { Utils } from "moleculer";

/** Whether an event type matches one of the patterns; decided once per type, since types are few and events many. */
export function typeMatcher(patterns: readonly string[]): (type: string) => boolean {
  const known = new Map<string, boolean>();
  return (type) => {
    let matches = known.get(type);
    if (matches === undefined) {
      if (known.size > 10_000) known.clear();
      matches = patterns.some((pattern) => Utils.match(type, pattern));
      known.set(type, matches);
    }
    return matches;
  };
}
