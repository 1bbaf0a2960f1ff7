import { testModels } from '../../../test/harness/models.js';
import { models } from '../src/index.js';

testModels(models, { goldens: new URL('goldens/', import.meta.url), anySize: true, small: [64, 72] });
