import type { Declaration } from "@swc/core";
import { resolveName, sourceFile, type Origin } from "./source-file.ts";
import { visibleDeclarations } from "./visible.ts";

type Node = Readonly<Record<string, unknown>> & { type?: string };

/** The declarations that users see behind these names: theirs, and those that they refer to, without other packages'. */
export function reachable(origins: readonly Origin[]): Origin[] {
  const found = new Map<string, Origin>();
  const visit = (origin: Origin | null) => {
    if (!origin) return;
    const key = `${origin.file} ${origin.name}`;
    if (found.has(key)) return;
    found.set(key, origin);
    for (const declaration of visibleOf(origin))
      for (const name of referredNames(declaration)) visit(resolveName(origin.file, name));
  };
  for (const { file, name } of origins) visit(resolveName(file, name));
  return [...found.values()];
}

export const visibleOf = ({ file, name }: Origin): Declaration[] =>
  visibleDeclarations(sourceFile(file).declarations.get(name) ?? []);

/** The identifiers at which a declaration names another one. */
function referredNames(declaration: Declaration): Set<string> {
  const names = new Set<string>();
  const visit = (node: unknown) => {
    if (Array.isArray(node)) for (const one of node) visit(one);
    else if (typeof node === "object" && node !== null) {
      for (const key of ["typeName", "exprName", "superClass", "callee"]) note((node as Node)[key]);
      if ((node as Node).type === "TsExpressionWithTypeArguments") note((node as Node)["expression"]);
      for (const one of Object.values(node)) visit(one);
    }
  };
  const note = (node: unknown) => {
    const { type, value } = (node ?? {}) as Node;
    if (type === "Identifier") names.add(value as string);
  };
  visit(declaration);
  return names;
}
