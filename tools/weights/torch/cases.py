"""What a net answers to one image, as goldens hold it."""

import torch

# Enough to tell any mistake; the whole output of a 1000-class net would be twenty times as large.
LOGITS, FEATURES = 50, 20


def case(module, image, head=None):
    """Logits of one image [1, channels, height, width] and, with the path of a head, what that head is given."""
    seen = []
    if head:
        module.get_submodule(head).register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0][0]))
    with torch.inference_mode():
        logits = module(image)[0]
    answer = {
        "height": image.shape[2],
        "width": image.shape[3],
        "classes": len(logits),
        "largest": logits.abs().max().item(),
        "logits": logits[:LOGITS].tolist(),
    }
    if head:
        (features,) = seen
        answer["features"] = {
            "length": len(features),
            "largest": features.abs().max().item(),
            "first": features[:FEATURES].tolist(),
        }
    return answer
