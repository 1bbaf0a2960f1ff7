import type { Browser } from 'playwright-core';
import type { Packed } from '../release/packages.js';

/** Columns of the table, in order, and what each of them holds. */
export const CHECKS = {
  import: 'the packages load by `import`',
  require: 'the same by `require`',
  digit: 'the shipped LeNet reads a seven',
  photograph: 'the shipped ResNet-20 finds the reference features of a JPEG of 640 x 427 pixels, within 1e-5',
  training: 'ten steps of SGD have the reference losses, within 1e-5',
  workers: 'worker threads decode a folder of images as the main thread does',
  served: 'a net in a worker of its own (`serveClassifier`, `inWorker`) reads the seven',
  quiet: 'nothing is printed or logged, neither by cnnzoo nor by TensorFlow.js',
} as const;

export type Check = keyof typeof CHECKS;

/** 'ok'; 'failed: …' with the reason; or 'none: …' if the place lacks what the check needs. */
export type Outcome = 'ok' | `failed: ${string}` | `none: ${string}`;

/** Record of a row in results.json. */
export interface Result {
  /** Day of the run, as 2026-11-29. */
  readonly date: string;
  /** Versions of the runtime, of tools and of Node where the place runs on it, by name. */
  readonly versions: Readonly<Record<string, string>>;
  readonly checks: Readonly<Partial<Record<Check, Outcome>>>;
  /** Reason why nothing could be run on this machine. */
  readonly notRun?: string;
}

/** Collects the results of a row while it runs. */
export interface Report {
  version(name: string, version: string): void;
  /** Runs a check. Resolves to its value, or to undefined if it failed. */
  check<T>(name: Check, work: () => T | Promise<T>): Promise<T | undefined>;
  /** Records that the place lacks what a check needs. */
  none(name: Check, why: string): void;
}

/** Manager of packages that installs a project. */
export type Manager = 'npm' | 'pnpm' | 'bun' | 'deno';

/** Folders, packages and tools for the rows of one run. */
export interface Place {
  /** Packed packages of the workspace. */
  readonly packages: readonly Packed[];
  /** URL of the registry that serves them. */
  readonly registry: string;
  /** Makes an empty folder outside the workspace. */
  folder(name: string): Promise<string>;
  /**
   * Makes a project with the packages installed and the programs of programs/. Rows with the same manager share it, and
   * write nothing there.
   */
  project(manager: Manager): Promise<string>;
  /** Installs packages of the registry in a folder of their own, for example 'bun@1', and returns the folder. */
  tool(...specs: string[]): Promise<string>;
  /** Starts Chromium. Throws NotRun if this machine has none. */
  browser(): Promise<Browser>;
}

/** Reason why a row can't be run on this machine. */
export class NotRun extends Error {}

/** A runtime or bundler, one row of docs/runtimes.md. */
export interface Row {
  /** First column of the table, and an argument of `pnpm runtimes`. */
  readonly name: string;
  readonly group: 'Node' | 'Other runtimes' | 'Editors and desktops' | 'Test runners' | 'Bundlers and pages';
  /** Configuration and packages that a user has to add, as Markdown. 'nothing' if none. */
  readonly needs: string;
  /** true if the row is also part of `pnpm release:check`. */
  readonly everyRelease?: true;
  run(place: Place, report: Report): Promise<void>;
}
