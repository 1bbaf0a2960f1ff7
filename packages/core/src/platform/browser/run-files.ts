import { CnnzooError } from '../../errors.js';

const refuse = (path: string | URL): never => {
  throw new CnnzooError(
    'FILE',
    `A page has no file system for '${path}': use onStep and onEpoch, and saveStateDict's bytes.`,
  );
};

export const appendText = async (path: string | URL, _text: string): Promise<void> => refuse(path);
export const requireWritable = async (directory: string | URL): Promise<string> => refuse(directory);
export const removeFiles = async ([path]: readonly string[]): Promise<void> => refuse(path ?? '');
export const namesIn = async (directory: string | URL): Promise<string[]> => refuse(directory);
