import { ValidationError } from "../../../core/errors/errors.ts";

/** More than the largest state of a consumer, a checkpoint with its parked events. */
const maxCharacters = 2 ** 25;

/** Returns the state unchanged. @throws ValidationError if its JSON is too large */
export function boundedState<State>(field: string, state: State): State {
  const { length } = JSON.stringify(state) ?? "";
  if (length > maxCharacters)
    throw new ValidationError([
      { field, found: length, expected: `a state of at most ${maxCharacters} characters of JSON` },
    ]);
  return state;
}
