import { globSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseSync, type Declaration, type ExportNamedDeclaration, type ImportDeclaration } from "@swc/core";

export const root = fileURLToPath(new URL("../..", import.meta.url));

/** A name in a file of the package; in `""` if it comes from another package. */
export interface Origin {
  file: string;
  name: string;
}

export interface Exported extends Origin {
  /** Exported with `export type`, so that a class is a type only. */
  isTypeOnly: boolean;
}

/** A file's names. One name may have several declarations: overloads, or a value and a type. */
export interface SourceFile {
  text: string;
  declarations: ReadonlyMap<string, readonly Declaration[]>;
  imports: ReadonlyMap<string, Origin>;
  exports: ReadonlyMap<string, Exported>;
}

const read = new Map<string, SourceFile>();

/** The names of a file of the package, from its syntax alone: the compiler would take seconds. */
export function sourceFile(file: string): SourceFile {
  let source = read.get(file);
  if (!source) read.set(file, (source = parse(file)));
  return source;
}

function parse(file: string): SourceFile {
  const text = readFileSync(join(root, file), "utf8");
  const declarations = new Map<string, Declaration[]>();
  const imports = new Map<string, Origin>();
  const exports = new Map<string, Exported>();
  const declare = (declaration: Declaration) => {
    for (const name of namesOf(declaration)) declarations.set(name, [...(declarations.get(name) ?? []), declaration]);
    return namesOf(declaration);
  };
  for (const item of parseSync(text, { syntax: "typescript", target: "es2024" }).body) {
    if (item.type === "ImportDeclaration") for (const [name, origin] of imported(file, item)) imports.set(name, origin);
    else if (item.type === "ExportDeclaration")
      for (const name of declare(item.declaration)) exports.set(name, { file, name, isTypeOnly: false });
    else if (item.type === "ExportNamedDeclaration")
      for (const [name, origin] of exported(file, item)) exports.set(name, origin);
    else if (isDeclaration(item)) declare(item);
  }
  return { text, declarations, imports, exports };
}

const isDeclaration = (item: { type: string }): item is Declaration => item.type.endsWith("Declaration");

function namesOf(declaration: Declaration): string[] {
  if (declaration.type === "VariableDeclaration")
    return declaration.declarations.flatMap(({ id }) => (id.type === "Identifier" ? [id.value] : []));
  if (declaration.type === "FunctionDeclaration" || declaration.type === "ClassDeclaration")
    return [declaration.identifier.value];
  return declaration.id.type === "Identifier" ? [declaration.id.value] : [];
}

const targetOf = (file: string, path: string) => (path.startsWith(".") ? join(dirname(file), path) : "");

const imported = (file: string, { source, specifiers }: ImportDeclaration): [string, Origin][] =>
  specifiers.flatMap((one): [string, Origin][] =>
    one.type === "ImportSpecifier"
      ? [[one.local.value, { file: targetOf(file, source.value), name: (one.imported ?? one.local).value }]]
      : [],
  );

const exported = (file: string, { source, specifiers, ...rest }: ExportNamedDeclaration): [string, Exported][] =>
  specifiers.flatMap((one): [string, Exported][] => {
    if (one.type !== "ExportSpecifier") throw new Error(`${file}: found ${one.type}, expected exported names`);
    const isTypeOnly = (rest as { typeOnly?: boolean }).typeOnly === true || one.isTypeOnly;
    const target = source ? targetOf(file, source.value) : file;
    return [[(one.exported ?? one.orig).value, { file: target, name: one.orig.value, isTypeOnly }]];
  });

/** Where a name of a file is declared; null for a name of another package or of the language. */
export function resolveName(file: string, name: string): Origin | null {
  const { declarations, imports, exports } = sourceFile(file);
  if (declarations.has(name)) return { file, name };
  const origin = imports.get(name) ?? exports.get(name);
  return origin && origin.file !== "" ? resolveName(origin.file, origin.name) : null;
}

/** The files of these folders whose text matches. */
export const filesWith = (folders: string, pattern: RegExp): string[] =>
  globSync(`${folders}/**/*.ts`, { cwd: root }).filter((file) => pattern.test(readFileSync(join(root, file), "utf8")));

/** The text of a node in one line. Its offsets are in bytes and begin with 1. */
export const textAt = (file: string, node: object): string => {
  const { start, end } = (node as { span: { start: number; end: number } }).span;
  return Buffer.from(sourceFile(file).text)
    .toString("utf8", start - 1, end - 1)
    .replaceAll(/\s+/g, " ");
};
