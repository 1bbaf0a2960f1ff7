/** An error's message; of fetch's own errors, which say only 'fetch failed', with the message of the cause. */
export function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause : undefined;
  if (!cause || error.name !== 'TypeError') return error.message;
  const { code } = cause as { code?: string };
  return `${error.message} (${cause.message || code || cause.name})`;
}
