// Engines that are found at run time where the user has installed them.
declare module '@tensorflow/tfjs-node';
declare module '@tensorflow/tfjs-node-gpu';
