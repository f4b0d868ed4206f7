import type { Argument, Class, ClassDeclaration, Expression } from "@swc/core";
import { Errors } from "moleculer";
import { shapeLines } from "./declaration-lines.ts";
import { filesWith, resolveName, sourceFile, textAt } from "./source-file.ts";

/** Each error class with its type, code, whether it is retryable, and the keys of its data, from its call of `super`. */
export const errorLines = (): string[] =>
  filesWith("{core,adapters,mixins,cli,testing}", /\bclass \w+ extends \w*Error|\bextends Errors\./)
    .flatMap((file) =>
      [...sourceFile(file).declarations.values()]
        .flat()
        .flatMap((one) => (one.type === "ClassDeclaration" ? lineOf(file, one) : [])),
    )
    .toSorted();

/** What `data` contains of the problems of an input. */
export const problemLines = (): string[] => shapeLines({ "core/errors/problem.ts": ["asData"] });

function lineOf(file: string, declared: ClassDeclaration): string[] {
  const { superClass } = declared;
  const name = declared.identifier.value;
  // An error without a type stays inside the package.
  if (superClass?.type === "Identifier") {
    const base = resolveName(file, superClass.value);
    return base ? [`${name}: as ${base.name}`] : [];
  }
  if (superClass?.type !== "MemberExpression" || superClass.property.type !== "Identifier") return [];
  return [`${name}: ${detailsOf(file, name, superClass.property.value, superArguments(declared))}`];
}

type Arguments = readonly (Expression | undefined)[];

function detailsOf(file: string, name: string, base: string, given: Arguments): string {
  const [, ...rest] = given;
  const [code, type, data] = base === "ValidationError" ? [undefined, ...rest] : rest;
  if (type?.type !== "StringLiteral") throw new Error(`${file}: found no type of ${name} in its call of super`);
  const { retryable, code: inherited } = sampleOf(base);
  const codeText = code ? textAt(file, code) : String(inherited);
  return `${type.value}, code ${codeText}${retryable ? ", retryable" : ""}, data ${data ? dataText(file, data) : "none"}`;
}

function sampleOf(base: string): { retryable: boolean; code: number } {
  const Base = (Errors as unknown as Record<string, new (message: string) => { retryable: boolean; code: number }>)[
    base
  ];
  if (!Base) throw new Error(`found the base ${base}, expected a class of Moleculer's Errors`);
  return new Base("");
}

function superArguments(declared: Class): Arguments {
  for (const member of declared.body)
    if (member.type === "Constructor")
      for (const statement of member.body?.stmts ?? [])
        if (
          statement.type === "ExpressionStatement" &&
          statement.expression.type === "CallExpression" &&
          statement.expression.callee.type === "Super"
        )
          return statement.expression.arguments.map(({ expression }: Argument) => expression);
  return [];
}

/** The keys of an object, or the text of any other expression. */
function dataText(file: string, data: Expression): string {
  if (data.type !== "ObjectExpression") return textAt(file, data);
  const keys = data.properties.map((property) => {
    if (property.type === "Identifier") return property.value;
    if (property.type === "SpreadElement") return `...${textAt(file, property.arguments)}`;
    return property.type !== "AssignmentProperty" && property.key.type === "Identifier" ? property.key.value : "?";
  });
  return `{${keys.toSorted().join(", ")}}`;
}
