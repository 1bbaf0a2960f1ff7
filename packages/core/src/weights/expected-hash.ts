/** What is known of a file's sha256 before it is fetched. */
export interface ExpectedHash {
  /** The whole hash. */
  readonly sha256?: string;
  /** Its first digits. */
  readonly hashPrefix?: string;
}

/** The digits that a file's hash has to begin with; undefined where none are known. */
export const expectedDigits = ({ sha256, hashPrefix }: ExpectedHash): string | undefined =>
  (sha256 || hashPrefix)?.toLowerCase() || undefined;

/** The hash digits in a file name of torch.hub's convention: `resnet18-f37072fd.pth`. */
export const digitsInName = (name: string): string | undefined => /-([0-9a-f]{8,64})\.[a-z]+$/.exec(name)?.[1];
