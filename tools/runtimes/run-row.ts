import { root } from '../release/packages.js';
import { PREFIX } from './place.js';
import { type Check, NotRun, type Outcome, type Place, type Report, type Result, type Row } from './row.js';

/** Characters of an error that a record keeps. */
const LENGTH = 1000;

/** Returns an error's message without the places of this machine. */
export const messageOf = (error: unknown): string =>
  (error instanceof Error ? error.message : String(error))
    .replace(new RegExp(`[^\\s'"(]*${PREFIX}\\w+/`, 'g'), '')
    .replaceAll(root, '')
    .replace(/(?<![\w.:/@-])\/(?:[\w.-]+\/)+/g, '…/')
    .slice(0, LENGTH);

/** Runs a row, and returns its record. An error outside of a check is one of `import`. */
export async function runRow(row: Row, place: Place): Promise<Result> {
  const date = new Date().toISOString().slice(0, 10);
  const versions: Record<string, string> = {};
  const checks: Partial<Record<Check, Outcome>> = {};
  const report: Report = {
    version(name, version) {
      versions[name] = version;
    },
    async check(name, work) {
      try {
        const value = await work();
        checks[name] = 'ok';
        return value;
      } catch (error) {
        checks[name] = `failed: ${messageOf(error)}`;
        return undefined;
      }
    },
    none(name, why) {
      checks[name] = `none: ${why}`;
    },
  };
  try {
    await row.run(place, report);
  } catch (error) {
    if (error instanceof NotRun) return { date, versions, checks: {}, notRun: error.message };
    checks.import = `failed: ${messageOf(error)}`;
  }
  return { date, versions, checks };
}

/** Returns the checks of a record that failed. */
export const failuresOf = ({ checks }: Result): Check[] =>
  (Object.keys(checks) as Check[]).filter((name) => checks[name]!.startsWith('failed'));
