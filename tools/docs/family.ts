/** Sources of the pages: each family's models and its own notes. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ModelDefinition } from '@cnnzoo/core';
import { families as registry } from 'cnnzoo';
import type { GraphOptions } from './diagram/graph.js';

/** Picture on a family's page. */
export interface Figure extends GraphOptions {
  /** Name of the picture's file. */
  readonly name: string;
  readonly model: string;
  /** Options of the builder, if they differ from the defaults. */
  readonly options?: Readonly<Record<string, unknown>>;
  readonly caption: string;
}

/** A family's `docs.json`. */
interface Notes {
  readonly title: string;
  /** Lesson of the family, in one sentence. */
  readonly teaches: string;
  readonly paper: { readonly year: number; readonly title: string; readonly url: string };
  /** Variant whose layers are listed; `depth` as in a figure. */
  readonly table: { readonly model: string; readonly depth?: number };
  readonly figures: readonly Figure[];
}

export interface Family extends Notes {
  readonly name: string;
  readonly models: readonly ModelDefinition[];
  /** Section "The idea" of its README. */
  readonly idea: string;
}

const read = (path: string): string =>
  readFileSync(fileURLToPath(new URL(`../../packages/${path}`, import.meta.url)), 'utf8');

function ideaOf(family: string): string {
  const idea = /^## The idea\n+([\s\S]*?)(?=\n+## |$(?![\s\S]))/m.exec(read(`${family}/README.md`))?.[1];
  if (!idea) throw new Error(`packages/${family}/README.md has no section "## The idea".`);
  return idea.trim();
}

/** Returns the families in the order of their papers. */
export const families = (): Family[] =>
  Object.entries(registry)
    .map(([name, models]) => ({
      ...(JSON.parse(read(`${name}/docs.json`)) as Notes),
      name,
      models: Object.values<ModelDefinition>(models),
      idea: ideaOf(name),
    }))
    .toSorted((a, b) => a.paper.year - b.paper.year);

export function modelOf({ name: family, models }: Family, name: string): ModelDefinition {
  const model = models.find((each) => each.name === name);
  if (!model) throw new Error(`packages/${family}/docs.json names a model '${name}', which the family has not.`);
  return model;
}
