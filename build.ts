// `npm run build`: the sources as CommonJS in dist, which both `import` and `require` load as the same modules.
import { execFileSync } from "node:child_process";
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import { transformFileSync } from "@swc/core";

rmSync("dist", { recursive: true, force: true });
execFileSync(process.execPath, ["node_modules/typescript/bin/tsc", "-p", "tsconfig.build.json"], { stdio: "inherit" });
// The sources are ES modules, which Node runs as they are.
writeFileSync("dist/package.json", '{ "type": "commonjs" }\n');

const jsc = {
  target: "es2024",
  parser: { syntax: "typescript" },
  transform: { verbatimModuleSyntax: true },
  rewriteRelativeImportExtensions: true,
} as const;
// With `exportInteropAnnotation`, Node finds the names for `import { … }`. A dynamic `import()` becomes `require`, since
// jest has no `import()` without flags.
const module = { type: "commonjs", exportInteropAnnotation: true, ignoreDynamic: false } as const;

const { include } = JSON.parse(readFileSync("tsconfig.build.json", "utf8")) as { include: string[] };
for (const source of globSync(include)) {
  const file = join("dist", source.replace(/\.ts$/, ".js"));
  const sourceFileName = relative(dirname(file), source);
  const { code, map } = transformFileSync(source, { jsc, module, sourceMaps: true, sourceFileName, swcrc: false });
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${code}//# sourceMappingURL=${basename(file)}.map\n`);
  writeFileSync(`${file}.map`, map!);
}
