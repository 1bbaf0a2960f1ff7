/** A page draws its own, from the events. */
export const progressBar = async (): Promise<undefined> => undefined;
