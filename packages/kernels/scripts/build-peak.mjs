/** Compiles assembly/peak for bench/roofline: into the files argv[2], and argv[3] with fused multiply-adds. */
import { writeFile } from 'node:fs/promises';
import { compile } from './compile.mjs';

const [, , plain, fused] = process.argv;
const memory = ['--initialMemory', '1'];
await writeFile(plain, await compile('assembly/peak/index.ts', ['simd'], memory));
await writeFile(fused, await compile('assembly/peak/index.ts', ['simd', 'relaxed-simd'], memory));
