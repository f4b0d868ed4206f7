import { ValidationError } from "../../../core/errors/errors.ts";

/** More than any consumer keeps in one piece; a checkpoint lists what is parked. */
const maxCharacters = 2 ** 25;

/** A state of a bounded size, as it is. @throws ValidationError */
export function refuseTooLargeState<State>(field: string, state: State): State {
  const { length } = JSON.stringify(state) ?? "";
  if (length > maxCharacters)
    throw new ValidationError([
      { field, found: length, expected: `a state of at most ${maxCharacters} characters of JSON` },
    ]);
  return state;
}
