/** CIFAR-10's classes, and the mean and deviation of its training images (Krizhevsky, 2009), on the scale 0..1. */
export const CIFAR10 = {
  categories: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
} as const;
