// The layout's rules, checked by `pnpm lint` (docs/decisions/0032). CONTRIBUTING draws the picture.

/** Core's rooms from the top to the bottom: a room may import those after it in this list, and none before it. */
const ROOMS = [
  'worker',
  'compile',
  'zoo',
  'train/fit',
  'train/loop',
  'train/optim',
  'data',
  'data/augment',
  'download',
  'state-dict',
  'checkpoint',
  'graph',
  'images',
  'layers',
  'ops',
  'backend',
  'platform',
  'util',
];

const CORE = '^packages/core/src/';
const ARCHITECTURES = '^packages/(lenet|alexnet|vgg|nin|googlenet|resnet)/';

/** Matches the files of a room, without those of the rooms inside it. */
const inside = (room) => {
  const inner = ROOMS.filter((other) => other.startsWith(`${room}/`)).map(
    (other) => `${other.slice(room.length + 1)}/`,
  );
  return `${CORE}${room}/${inner.length > 0 ? `(?!${inner.join('|')})` : ''}`;
};

/** A room's doors: `index.ts`, and `late.ts` for modules that are loaded with the first call that needs them. */
const doorsOf = (room) =>
  room === 'platform'
    ? `${CORE}platform/(late|backends|((node|browser)/)?index)\\.ts$`
    : `${CORE}${room}/(index|late)\\.ts$`;

const arrowsUp = ROOMS.slice(1).map((room, i) => ({
  name: `no-arrow-up-from-${room.replace('/', '-')}`,
  comment: `${room} imports only the rooms below it.`,
  severity: 'error',
  from: { path: inside(room) },
  to: { path: ROOMS.slice(0, i + 1).map(inside) },
}));

const deepImports = ROOMS.map((room) => ({
  name: `only-by-the-door-of-${room.replace('/', '-')}`,
  comment: `Modules outside of ${room} import its door.`,
  severity: 'error',
  from: {
    path: '^packages/core/src/',
    pathNot: [
      inside(room),
      // Leads to no TensorFlow.js, as doors do.
      '^packages/core/src/internal-page\\.ts$',
      // The programs of worker threads are entries of the build, as are the files at the top; schemas bring valibot along,
      // which no door may do.
      ...(room === 'platform' ? ['^packages/core/src/data/pipeline/(node|browser)-worker\\.ts$'] : []),
    ],
  },
  to: { path: inside(room), pathNot: [doorsOf(room), `${CORE}(util|images)/schema\\.ts$`] },
}));

export default {
  forbidden: [
    {
      name: 'no-circles',
      comment: 'Two files that import each other are one file, or lack a third.',
      severity: 'error',
      from: { path: '^(packages|tools|bench|examples|test)/' },
      to: { circular: true },
    },
    {
      name: 'core-knows-no-architecture',
      severity: 'error',
      from: { path: CORE },
      to: { path: `${ARCHITECTURES}|^packages/(cli|report)/` },
    },
    {
      name: 'packages-meet-at-their-doors',
      comment: "A package, tool or example imports another package by its name, or core's and kernels' by /internal.",
      severity: 'error',
      from: { path: '^(?:packages/([^/]+)|tools|bench|examples|test)/' },
      to: { path: '^packages/[^/]+/src/', pathNot: '^packages/$1/', dependencyTypesNot: ['aliased'] },
    },
    ...arrowsUp,
    ...deepImports,
  ],
  options: {
    doNotFollow: { path: 'node_modules|(^|/)dist/' },
    exclude: { path: '(^|/)(node_modules|dist|generated)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.json' },
    enhancedResolveOptions: { exportsFields: ['exports'], conditionNames: ['import', 'types', 'default'] },
  },
};
