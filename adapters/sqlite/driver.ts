// SQLite's driver, loaded after the check of Node's version: on an older Node it fails with a message of its own.
import "../../core/errors/node-version.ts";

export { default } from "better-sqlite3";
