/** Run by processes.test.ts: obtains the entry in argv[2], says what it got, byte by byte on the way. */
import { downloadFile } from './download-file.js';

const { file, ...rest } = await downloadFile(JSON.parse(process.argv[2]!), {
  progress: ({ loaded }) => process.stdout.write(`${JSON.stringify({ loaded })}\n`),
});
const { data } = await file.tensors.get('weight')!.read();
await file.close();
process.stdout.write(`${JSON.stringify({ ...rest, values: data.length })}\n`);
