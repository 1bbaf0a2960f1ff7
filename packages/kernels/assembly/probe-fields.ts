export enum ProbeField {
  /** Address of one word a task, into which the task writes its number. */
  output,
  /** Number of the task that traps, or -1. */
  trap,
}
