/** Check of each weight that is made, by its key in the state dict. `accelerateBackend` sets it: a page loads it late. */
export const weightCheck: { current?: (key: string, shape: readonly number[]) => void } = {};
