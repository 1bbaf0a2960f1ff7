/** Keys of safetensors' metadata that say which weights a file holds; `port` and `save` write them. */
export const MODEL_KEY = 'cnnzoo.model';
export const WEIGHTS_KEY = 'cnnzoo.weights';
