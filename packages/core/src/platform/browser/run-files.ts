import { CnnzooError } from '../../errors.js';

const refuse = (path: string): never => {
  throw new CnnzooError(
    'FILE',
    `A page has no file system for '${path}': use onStep and onEpoch, and saveStateDict's bytes.`,
  );
};

export const appendText = async (path: string, _text: string): Promise<void> => refuse(path);
export const removeFiles = async ([path]: readonly string[]): Promise<void> => refuse(path ?? '');
export const namesIn = async (directory: string): Promise<string[]> => refuse(directory);
