// The worker's program where core is run from its sources, by tsx. The build puts image-worker.ts in this one's place.
import { register } from 'tsx/esm/api';

register();
await import('./image-worker.ts');
