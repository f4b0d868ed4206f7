import { readFileSync } from "node:fs";
import { join } from "node:path";
import { printSync, type Declaration, type Module } from "@swc/core";
import { reachable, visibleOf } from "./reachable.ts";
import { resolveName, root, sourceFile, type Exported } from "./source-file.ts";

interface PackageJson {
  exports: Record<string, string | Record<string, string>>;
}

/** The entry points of the package, with their source files. */
const entryPoints = (): [string, string][] => {
  const { exports } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as PackageJson;
  return Object.entries(exports).flatMap(([path, target]): [string, string][] =>
    typeof target === "string" ? [] : [[path, target["moleculer-event-sourcing:source"]!.slice(2)]],
  );
};

/** The names that each entry point exports. */
export const exportLines = (): string[] =>
  entryPoints().flatMap(([path, file]) => [
    "",
    `### ${path}`,
    ...[...sourceFile(file).exports].map(([name, exported]) => `${name}: ${kindsOf(exported)}`).toSorted(),
  ]);

const kinds: Partial<Record<Declaration["type"], string>> = {
  ClassDeclaration: "class",
  FunctionDeclaration: "function",
  VariableDeclaration: "value",
};

function kindsOf({ file, name, isTypeOnly }: Exported): string {
  const at = resolveName(file, name);
  const declarations = at ? sourceFile(at.file).declarations.get(at.name)! : [];
  const found = declarations.map(({ type }) => (isTypeOnly ? "type" : (kinds[type] ?? "type")));
  return [...new Set(found)].toSorted().join(" and ");
}

/** The declarations behind the exported names, and those that they refer to. */
export function declarationLines(): string[] {
  const origins = entryPoints().flatMap(([, file]) => [...sourceFile(file).exports.values()]);
  return printed(reachable(origins).flatMap(visibleOf));
}

/** The declarations of these names of files, and those that they refer to. */
export function shapeLines(namesOf: Readonly<Record<string, readonly string[]>>): string[] {
  const origins = Object.entries(namesOf).flatMap(([file, names]) => names.map((name) => ({ file, name })));
  const lost = origins.find(({ file, name }) => !resolveName(file, name));
  if (lost) throw new Error(`${lost.file}: found no declaration of ${lost.name}`);
  return printed(reachable(origins).flatMap(visibleOf));
}

/** Sorted by name and without paths, so that moving a file changes nothing. */
function printed(declarations: readonly Declaration[]): string[] {
  const texts = declarations.map(textOf);
  const nameOf = (text: string) => /^(?:async )?\w+ (\w+)/.exec(text)?.[1] ?? "";
  const keys = new Map(texts.map((text) => [text, `${nameOf(text)} ${text}`]));
  return [...keys.keys()]
    .toSorted((a, b) => (keys.get(a)! < keys.get(b)! ? -1 : 1))
    .flatMap((text) => text.split("\n"));
}

function textOf(declaration: Declaration): string {
  const { span } = declaration;
  const module = { type: "Module", body: [declaration], span, interpreter: null };
  // The types of the compiler require an interpreter; a module has none.
  return joined(
    printSync(module as unknown as Module)
      .code.trim()
      .replaceAll("    ", "  "),
  );
}

const maxLine = 120;

/** Joins the lines of braces that fit into one line, the inner ones first. */
function joined(text: string): string {
  const next = text.replaceAll(/^(.*\{)\n([^{}]*)\n *(\}.*)$/gm, (whole, head: string, body: string, tail: string) => {
    const line = `${head} ${body.trim().replaceAll(/\n */g, " ").replace(/;$/, "")} ${tail}`;
    return line.length > maxLine ? whole : line;
  });
  return next === text ? text : joined(next);
}
