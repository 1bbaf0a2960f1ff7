/** Every family's table of models; a new family is one line here, and a dependency. */
export { models as alexnet } from '@cnnzoo/alexnet';
export { models as googlenet } from '@cnnzoo/googlenet';
export { models as lenet } from '@cnnzoo/lenet';
export { models as nin } from '@cnnzoo/nin';
export { models as resnet } from '@cnnzoo/resnet';
export { models as vgg } from '@cnnzoo/vgg';
