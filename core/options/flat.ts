/**
 * One object type for an intersection. An editor shows its fields, and no name, because it is the result of a conditional
 * type.
 */
export type Flat<Shape> = Shape extends infer Whole ? { [Key in keyof Whole]: Whole[Key] } : never;
