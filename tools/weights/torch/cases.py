"""What a net answers to one image, as goldens hold it."""

import torch

# Enough to tell any mistake; the whole output of a 1000-class net would be twenty times as large.
LOGITS, FEATURES = 50, 20


# Where GoogLeNet's auxiliary heads branch off: torchvision's forward runs them in training only.
AUX = {"aux1": "inception4a", "aux2": "inception4d"}


def pooled(features):
    """A map as the mean over its pixels."""
    return features.mean((1, 2)) if features.dim() == 3 else features


def case(module, image, head=None, aux=False):
    """Logits of one image [1, channels, height, width]; with the path of a head, what that head is given; and those of
    the auxiliary heads, on the net's own features."""
    seen, auxiliary = [], []
    if aux:
        for name, source in AUX.items():
            run = lambda _, __, output, name=name: auxiliary.append(module.get_submodule(name)(output)[0])
            module.get_submodule(source).register_forward_hook(run)
    if head:
        module.get_submodule(head).register_forward_pre_hook(lambda _, inputs: seen.append(pooled(inputs[0][0])))
    with torch.inference_mode():
        logits = module(image)[0]
    answer = {
        "height": image.shape[2],
        "width": image.shape[3],
        "classes": len(logits),
        "largest": logits.abs().max().item(),
        "logits": logits[:LOGITS].tolist(),
    }
    if aux:
        answer["auxiliary"] = [
            {"largest": logits.abs().max().item(), "logits": logits[:LOGITS].tolist()} for logits in auxiliary
        ]
    if head:
        (features,) = seen
        answer["features"] = {
            "length": len(features),
            "largest": features.abs().max().item(),
            "first": features[:FEATURES].tolist(),
        }
    return answer
