import { serveClassifier } from '@cnnzoo/core/worker';
import { makeNet } from './net.js';

serveClassifier(makeNet);
