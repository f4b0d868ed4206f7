/**
 * The modes of files and folders that the framework creates: only the owner of the process may read events and rows.
 * Existing files keep their mode.
 */
export const privateFile = 0o600;
export const privateFolder = 0o700;
