/**
 * The path that a path or file: URL names, as every path option of the package takes it.
 * @throws CnnzooError INPUT for what is neither text nor a URL; FILE for URLs of other schemes or machines, and in a page.
 * @example
 * await pathOf('file:///data/my%20net'); // '/data/my net'
 */
export const pathOf = async (location: string | URL): Promise<string> => (await import('#platform')).pathOf(location);
