/** An enum of `assembly/ops.ts` that names the words of a descriptor. */
type FieldNames = Readonly<Record<string, string | number>>;

/** The words of a descriptor, each given by its name. */
export function fields<Enum extends FieldNames>(
  names: Enum,
  values: { readonly [Name in Exclude<keyof Enum, number>]: number | boolean },
): number[] {
  const words: number[] = [];
  for (const [name, value] of Object.entries(values)) words[names[name] as number] = Number(value);
  return words;
}

const bits = new DataView(new ArrayBuffer(4));

/** The bits of a float32 as a word of a descriptor; `float` reads them on the other side. */
export function floatBits(value: number): number {
  bits.setFloat32(0, value);
  return bits.getInt32(0);
}
