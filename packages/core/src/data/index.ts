export { CIFAR10 } from './cifar10.js';
