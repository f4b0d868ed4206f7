/** What a caller of an action sends, and what the action returns. For the compiler only. */
export interface ActionCall<Params, Answer> {
  params: Params;
  answer: Answer;
}

/** An entity's id as callers may send it: a number is taken for its text. */
export type SentId = string | number;
