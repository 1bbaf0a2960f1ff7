import { CnnzooError } from '@cnnzoo/core';
import { checkOptions, pathOf, shownValue, writeNewFile } from '@cnnzoo/core/internal';
import type { NetOrQuantized } from '../graph/index.js';
import { withSnapshot } from '../snapshot.js';
import { type OnnxDtype, OPSETS, onnxDtypeOf, onnxFile } from './onnx-file.js';

/** Options of `exportOnnx`. */
export interface OnnxOptions {
  /**
   * Type of the weights and of the computation. 'float16' halves the file; images and logits stay float32, and the logits differ by
   * about 1e-3. 'int8' is that of a graph of `quantize`; another dtype writes its weights as they were before they were rounded. Default:
   * 'int8' of such a graph, 'float32' of a net.
   */
  dtype?: OnnxDtype | undefined;
  /**
   * true: the file takes one image, `image`, uint8 [height, width, 3] of any size in RGB, and gives `probabilities`, float32 [1, classes].
   * The resizing differs from cnnzoo's by at most a step of 256 in a pixel. Default: false.
   */
  preprocessing?: boolean | undefined;
  /** Version of ONNX's operator set, 18 to 23. Default: 18, which every runtime since 2023 has. */
  opset?: number | undefined;
}

/**
 * Writes a net as an ONNX file, for every runtime that reads ONNX: onnxruntime, TensorRT, OpenVINO, Core ML's converter.
 *
 * - Input `images`: float32 [batch, channels, height, width], RGB, normalised as the net's preprocessing says. The batch is free,
 *   and so are height and width if the net's layers take any.
 * - Output `logits`: float32 [batch, classes]; auxiliary heads come after it, by their names.
 * - Weights have their keys in the state dict, and PyTorch's layout. BatchNorm is folded into the convolution before it.
 * - Metadata: `model`, `activation` ('softmax' or 'sigmoid', from logits to scores), `categories` and `preprocessing` as JSON.
 * - In 8 bits: pairs of QuantizeLinear and DequantizeLinear around the operators (QDQ), which onnxruntime computes in integers. Values are
 *   uint8; weights are uint8 with the zero point 128 and a scale for each filter, since onnxruntime cuts sums of uint8 times int8 on
 *   processors without VNNI; biases are int32.
 *
 * The weights are those of the moment of the call. They are read and written one after the other, large ones in blocks.
 *
 * @param net a LayersModel or Classifier, or the graph of `quantize`. A LayersModel has no categories and no preprocessing to note.
 * @param path file to be written, `.onnx`. A failure leaves nothing behind.
 * @throws CnnzooError INPUT for a layer that ONNX has no operator for, which it names, an unknown option, dtype 'int8' of a net that is
 * not quantized, or a weight beyond float16;
 * FILE if the file exists or can't be written; TRAINING in the middle of a training step.
 *
 * @example
 * ```ts
 * import { useBackend } from '@cnnzoo/core';
 * import { exportOnnx } from '@cnnzoo/deploy';
 * import { resnet18 } from '@cnnzoo/resnet';
 *
 * await useBackend();
 * const net = await resnet18.pretrained();
 * await exportOnnx(net, 'resnet18.onnx');
 * ```
 */
export async function exportOnnx(net: NetOrQuantized, path: string | URL, options: OnnxOptions = {}): Promise<void> {
  checkOptions('exportOnnx', options, ['dtype', 'preprocessing', 'opset']);
  const { preprocessing = false, opset = 18 } = options;
  const dtype = onnxDtypeOf('exportOnnx', net, options.dtype);
  if (typeof preprocessing !== 'boolean')
    throw new CnnzooError(
      'INPUT',
      `exportOnnx: expected preprocessing to be true or false, received ${shownValue(preprocessing)}.`,
    );
  if (!OPSETS.includes(opset))
    throw new CnnzooError('INPUT', `exportOnnx: expected opset ${OPSETS.join(', ')}, received ${shownValue(opset)}.`);
  const file = pathOf(path);
  if (!file.endsWith('.onnx'))
    throw new CnnzooError('INPUT', `exportOnnx: expected a path that ends in '.onnx', received '${file}'.`);
  await withSnapshot(net, async (graph) => {
    const { chunks } = onnxFile(graph, { dtype, opset, preprocessing });
    await writeNewFile(file, chunks());
  });
}
