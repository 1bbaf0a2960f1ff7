export enum ProbeField {
  /** Address of one word a task, which becomes the number of the task. */
  output,
  /** The task that traps, or -1. */
  trap,
}
