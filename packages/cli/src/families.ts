/** Every family's table of models; a new family is one line here, and a dependency. */
export { models as lenet } from '@cnnzoo/lenet';
export { models as resnet } from '@cnnzoo/resnet';
