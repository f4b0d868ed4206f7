import { Ajv, type AnySchema, type ValidateFunction } from "ajv";
import { type } from "arktype";
import Joi from "joi";
import { Errors, Validators, type ActionSchema, type BrokerOptions } from "moleculer";
import type { PayloadSchema } from "moleculer-event-sourcing";
import { ZodParams, ZodValidator } from "moleculer-zod-validator";
import * as v from "valibot";
import { z } from "zod";

/** As in Moleculer's documentation of custom validators. */
export class AjvValidator extends Validators.Base {
  // Not strict: Moleculer's own actions have rules of fastest-validator, which ajv then ignores.
  readonly #ajv = new Ajv({ allErrors: true, strict: false });

  constructor() {
    super({});
  }

  override compile(schema: AnySchema) {
    const check = this.#ajv.compile(schema);
    return (params: unknown) => this.#check(params, check);
  }

  override validate(params: unknown, schema: AnySchema) {
    return this.#check(params, this.#ajv.compile(schema));
  }

  override convertSchemaToMoleculer(schema: object) {
    return schema;
  }

  #check(params: unknown, check: ValidateFunction): true {
    if (check(params)) return true;
    throw new Errors.ValidationError("Parameters validation error!", "VALIDATION_ERROR", check.errors ?? []);
  }
}

/** As in Moleculer's documentation of custom validators. */
export class JoiValidator extends Validators.Base {
  constructor() {
    super({});
  }

  override compile(schema: Joi.Schema) {
    return (params: unknown) => this.validate(params, schema);
  }

  override validate(params: unknown, schema: Joi.Schema): true {
    const { error } = schema.validate(params);
    if (error) throw new Errors.ValidationError(error.message, "VALIDATION_ERROR", error.details);
    return true;
  }

  override convertSchemaToMoleculer(schema: object) {
    return schema;
  }
}

type Params = NonNullable<ActionSchema["params"]>;

/** Params of an amount above 0, for one validator of a broker. */
export interface WithValidator {
  name: string;
  options: () => BrokerOptions;
  /** With the entity's id. */
  full: Params;
  /** Without it. */
  bare: Params;
  /** Of the payload `{ amount }`. */
  payload: PayloadSchema;
}

const none = () => ({});
const amount = { type: "number", exclusiveMinimum: 0 } as const;
const json = (properties: object) => ({
  type: "object",
  properties,
  required: Object.keys(properties),
  additionalProperties: false,
});

/** A function is typed as no params by Moleculer, which does not validate it. */
const params = (schema: unknown) => schema as Params;

export const validators: WithValidator[] = [
  {
    name: "fastest-validator",
    options: none,
    full: { id: "string", amount: "number|positive" },
    bare: { amount: "number|positive" },
    payload: { amount: "number|positive" },
  },
  {
    name: "zod",
    options: none,
    full: params(z.strictObject({ id: z.string(), amount: z.number().positive() })),
    bare: params(z.strictObject({ amount: z.number().positive() })),
    payload: z.strictObject({ amount: z.number().positive() }),
  },
  {
    name: "valibot",
    options: none,
    full: params(v.strictObject({ id: v.string(), amount: v.pipe(v.number(), v.gtValue(0)) })),
    bare: params(v.strictObject({ amount: v.pipe(v.number(), v.gtValue(0)) })),
    payload: v.strictObject({ amount: v.pipe(v.number(), v.gtValue(0)) }),
  },
  {
    name: "arktype",
    options: none,
    full: params(type({ "+": "reject", id: "string", amount: "number > 0" })),
    bare: params(type({ "+": "reject", amount: "number > 0" })),
    payload: type({ "+": "reject", amount: "number > 0" }),
  },
  {
    name: "joi",
    options: none,
    full: params(Joi.object({ id: Joi.string(), amount: Joi.number().positive().required() })),
    bare: params(Joi.object({ amount: Joi.number().positive().required() })),
    payload: Joi.object({ amount: Joi.number().positive().required() }),
  },
  {
    name: "moleculer-zod-validator, ZodParams",
    options: () => ({ validator: new ZodValidator() }),
    full: params(new ZodParams({ id: z.string(), amount: z.number().positive() }, { strictObject: true }).schema),
    bare: params(new ZodParams({ amount: z.number().positive() }, { strictObject: true }).schema),
    payload: z.strictObject({ amount: z.number().positive() }),
  },
  {
    name: "moleculer-zod-validator, z.object",
    options: () => ({ validator: new ZodValidator() }),
    full: params(z.strictObject({ id: z.string(), amount: z.number().positive() })),
    bare: params(z.strictObject({ amount: z.number().positive() })),
    payload: z.strictObject({ amount: z.number().positive() }),
  },
  {
    name: "a validator with ajv",
    options: () => ({ validator: new AjvValidator() }),
    full: params(json({ id: { type: "string" }, amount })),
    bare: params(json({ amount })),
    payload: { amount: "number|positive" },
  },
  {
    name: "a validator with joi",
    options: () => ({ validator: new JoiValidator() }),
    full: params(Joi.object({ id: Joi.string(), amount: Joi.number().positive().required() })),
    bare: params(Joi.object({ amount: Joi.number().positive().required() })),
    payload: Joi.object({ amount: Joi.number().positive().required() }),
  },
];
