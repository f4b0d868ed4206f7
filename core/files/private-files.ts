/**
 * The modes of files and folders that the framework creates: events and rows are for the owner of the process alone. What
 * is there already keeps its mode.
 */
export const privateFile = 0o600;
export const privateFolder = 0o700;
