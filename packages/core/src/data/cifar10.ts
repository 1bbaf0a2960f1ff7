/**
 * Classes of CIFAR-10, and the mean and standard deviation of its training images on the scale 0 to 1 (Krizhevsky,
 * 2009). In a file of its own, because pages load it with `cifar10Weights`.
 */
export const CIFAR10 = {
  categories: ['airplane', 'automobile', 'bird', 'cat', 'deer', 'dog', 'frog', 'horse', 'ship', 'truck'],
  mean: [0.4914, 0.4822, 0.4465],
  std: [0.247, 0.2435, 0.2616],
} as const;
