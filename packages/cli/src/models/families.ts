/** Table of models of every family. A new family needs one line here, and a dependency in package.json. */
export { models as alexnet } from '@cnnzoo/alexnet';
export { models as googlenet } from '@cnnzoo/googlenet';
export { models as lenet } from '@cnnzoo/lenet';
export { models as nin } from '@cnnzoo/nin';
export { models as resnet } from '@cnnzoo/resnet';
export { models as vgg } from '@cnnzoo/vgg';
