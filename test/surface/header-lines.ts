import { filesWith, sourceFile } from "./source-file.ts";

const declared = /const \w*(?:[hH]eader|Flag) = "([^"]+)"/;

/** The headers of calls. Each is a constant of the file that reads it. */
export const headerLines = (): string[] =>
  filesWith("mixins", declared)
    .map((file) => `header ${declared.exec(sourceFile(file).text)![1]!}`)
    .toSorted();
