/** A param or option that nothing knows: the error lists those that are known. */
export const unknown = { $surface: 1 };

const ofDriver = "or an option of the driver";

/** The names that the error of an unknown one lists. */
export function knownNames(error: unknown): string[] {
  const { message } = error as Error;
  const list = /\$surface: found [^;]*?, expected (?:one of (?:the options )?)?([^;]*)/.exec(message)?.[1];
  if (list === undefined) throw new Error(`found no list of known names in: ${message}`);
  const names = list.split(", ");
  return [...names.filter((name) => name !== ofDriver).toSorted(), ...names.filter((name) => name === ofDriver)];
}
