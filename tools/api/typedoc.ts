/** `pnpm docs:api`: the API of every public entry as a site in out/api. A warning is an error. */
import { join } from 'node:path';
import { Application, type Context, Converter, type DeclarationReflection, ReflectionKind } from 'typedoc';
import { readDebt } from './debt.js';
import { compilerOptions, publicEntries, root } from './program.js';

/** Once debt.json has no docstrings, `notDocumented` may be true: every member of every export is documented then. */
const VALIDATION = {
  invalidLink: true,
  invalidPath: true,
  notExported: true,
  notDocumented: false,
  rewrittenLink: true,
};

/** Modules get the names that users import, in place of their files'. */
function nameModules(app: Application, names: ReadonlyMap<string, string>): void {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (context: Context, reflection: DeclarationReflection) => {
    if (!reflection.kindOf(ReflectionKind.Module)) return;
    const file = context.getSymbolFromReflection(reflection)?.declarations?.[0]?.getSourceFile().fileName;
    reflection.name = names.get(file ?? '') ?? reflection.name;
  });
}

/** Types in the debt may be named by public types without being exported. */
function allowDebt(app: Application): void {
  const allowed = new Set(readDebt().notExported);
  const warn = app.logger.validationWarning.bind(app.logger);
  app.logger.validationWarning = (message, ...more: []) => {
    const name = /^(\w+), defined in /.exec(message)?.[1];
    if (name === undefined || !allowed.has(name)) warn(message, ...more);
  };
}

async function main(): Promise<void> {
  const entries = publicEntries(compilerOptions());
  const packages = [...new Set(entries.map((entry) => entry.package))];
  const app = await Application.bootstrap({
    name: 'cnnzoo',
    entryPoints: entries.map(({ file }) => file),
    tsconfig: join(root, 'tools/api/tsconfig.json'),
    out: join(root, 'out/api'),
    readme: 'none',
    basePath: root,
    disableGit: true,
    disableSources: true,
    excludeInternal: true,
    excludePrivate: true,
    excludeProtected: true,
    packagesRequiringDocumentation: packages,
    treatWarningsAsErrors: true,
    treatValidationWarningsAsErrors: true,
    validation: VALIDATION,
  });
  nameModules(app, new Map(entries.map(({ file, name }) => [file, name])));
  allowDebt(app);
  const project = await app.convert();
  if (!project) throw new Error('typedoc could not read the sources.');
  // typedoc looks for types that are not exported in the package of the project alone.
  for (const name of packages) {
    project.packageName = name;
    app.validate(project);
    app.options.setValue('validation', {
      invalidLink: false,
      invalidPath: false,
      notDocumented: false,
      notExported: true,
      rewrittenLink: false,
    });
  }
  project.packageName = 'cnnzoo';
  await app.generateOutputs(project);
  if (app.logger.hasErrors() || app.logger.hasWarnings()) process.exitCode = 1;
}

await main();
