import type { EventMap, EventOf, Matching } from "../../core/event/recorded-event.ts";
import type { Declares } from "../../core/options/undeclared.ts";
import type { FieldsInput, RowInput, RowOf } from "../../core/rows/fields.ts";
import type { TransformView } from "./fold/transform.ts";

type Awaitable<Value> = Value | Promise<Value>;

/** A function that transforms the events of a type. */
export type TransformTo<Events extends EventMap, Fields extends FieldsInput, Type extends string, Answer> = (
  event: EventOf<Events, Matching<Events, Type>>,
  view: TransformView<RowOf<Fields>>,
) => Awaitable<Answer | null>;

type RowsOf<Answer> = Answer extends readonly (infer One)[] ? One : Answer;

/** Refuses a function that returns a row with a field that the table does not have. */
export type DeclaredRows<Given, Fields extends FieldsInput> = Given extends (...args: never[]) => infer Answer
  ? Declares<RowsOf<Awaited<Answer>>, RowInput<Fields>>
  : unknown;
