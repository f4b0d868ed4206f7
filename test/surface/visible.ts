import type { Class, Declaration, FunctionDeclaration, Param, Pattern, Span, TsType } from "@swc/core";

/** Declarations as users see them: without bodies, comments, private members and default values. */
export function visibleDeclarations(declarations: readonly Declaration[]): Declaration[] {
  const shown = declarations.filter((one) => !isImplementation(one, declarations));
  return shown.flatMap((one) => [one, ...returned(one)]).map(visible);
}

/** The body of overloads: its own signature is not visible. */
const isImplementation = (one: Declaration, all: readonly Declaration[]) =>
  one.type === "FunctionDeclaration" && one.body && all.some((other) => other !== one && other.type === one.type);

/** The function that a function without a declared result returns: the factory that a maker of factories makes. */
function returned(one: Declaration): Declaration[] {
  if (one.type !== "FunctionDeclaration" || one.returnType) return [];
  return (one.body?.stmts ?? []).flatMap((statement): Declaration[] => {
    if (statement.type !== "ReturnStatement" || statement.argument?.type !== "FunctionExpression") return [];
    const { identifier, ...made } = statement.argument;
    return identifier ? [{ ...made, type: "FunctionDeclaration", identifier, declare: false }] : [];
  });
}

function visible(declaration: Declaration): Declaration {
  if (declaration.type === "ClassDeclaration") return visibleClass(declaration);
  if (declaration.type === "FunctionDeclaration") return signature(declaration);
  if (declaration.type === "VariableDeclaration") return visibleVariable(declaration);
  if (declaration.type === "TsTypeAliasDeclaration" && isComputed(declaration.typeAnnotation))
    return { ...declaration, typeAnnotation: computed(declaration.span) };
  return declaration;
}

/** A type that takes others apart. The type tests say what comes out; its form is no part of the surface. */
const isComputed = (type: TsType) =>
  type.type === "TsConditionalType" && JSON.stringify(type).includes('"TsInferType"');

const computed = (span: Span) =>
  ({
    type: "TsTypeReference",
    span,
    typeName: { type: "Identifier", value: "computed", optional: false, span, ctxt: 0 },
  }) as unknown as TsType;

function signature<Callable extends Pick<FunctionDeclaration, "params" | "body">>(callable: Callable) {
  const { body: _, ...rest } = callable;
  return { ...rest, params: rest.params.map(visibleParam), decorators: [] };
}

function visibleClass<Declared extends Class>(declared: Declared): Declared {
  const body = declared.body.flatMap((member): Class["body"] => {
    if ("accessibility" in member && member.accessibility === "private") return [];
    if (member.type === "Constructor") {
      const { body: _, ...rest } = member;
      return [{ ...rest, params: rest.params.map((one) => (one.type === "Parameter" ? visibleParam(one) : one)) }];
    }
    if (member.type === "ClassMethod") return [{ ...member, function: signature(member.function) }];
    if (member.type !== "ClassProperty") return [];
    const { value, ...rest } = member;
    return [value?.type === "StringLiteral" ? member : rest];
  });
  return { ...declared, body };
}

/** A function that is declared as a constant looks like any other. */
function visibleVariable(declaration: Declaration & { type: "VariableDeclaration" }): Declaration {
  const { id, init } = declaration.declarations[0]!;
  if (
    init?.type !== "ArrowFunctionExpression" ||
    id.type !== "Identifier" ||
    ("typeAnnotation" in id && id.typeAnnotation)
  )
    return declaration;
  const { span } = declaration;
  const { body: _, params, ...rest } = init;
  return {
    ...rest,
    type: "FunctionDeclaration",
    identifier: id,
    declare: false,
    decorators: [],
    params: params.map((pat) => visibleParam({ type: "Parameter", pat, span })),
  };
}

const visibleParam = (param: Param): Param => ({ ...param, decorators: [], pat: visiblePattern(param.pat) });

/** The names in a destructured parameter are the function's own, and so is a default value. */
function visiblePattern(pattern: Pattern): Pattern {
  if (pattern.type === "AssignmentPattern") {
    const left = visiblePattern(pattern.left);
    return left.type === "Identifier" ? { ...left, optional: true } : left;
  }
  if (pattern.type !== "ObjectPattern" && pattern.type !== "ArrayPattern") return pattern;
  const { span, typeAnnotation } = pattern;
  const name = { type: "Identifier", value: "input", optional: false, span, ctxt: 0 };
  return { ...name, ...(typeAnnotation && { typeAnnotation }) } as Pattern;
}
