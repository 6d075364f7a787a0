#!/usr/bin/env bash
# dianna 1.8.1, shap 0.51.0, scikit-image 0.26.0, onnx 1.23.2, onnxruntime 1.32.0: KernelSHAP's map of a picture is
# moved by one segment.
#
# Expected: `KERNELSHAPImage` cuts a picture into segments, asks the network with some of them hidden, and gives each
#   segment its share of the answer (its Shapley value). For a network that adds up what it sees, that is what its own
#   pixels add.
# Seen: each segment has the share of the one before it, the first has none, and the last is never hidden, so that its
#   own share is lost. A network that looks at a single segment has the next one bright, without a word. With the
#   segments numbered from 0 (`start_label=0`) hiding is right and the map still is not.
# Source: dianna/methods/kernelshap_image.py: `slic` numbers segments from 1; `_mask_image` hides `segmentation == j`
#   for j from 0 on, and `_create_heatemaps` reads the column `index - 1` (a correction is open:
#   github.com/dianna-ai/dianna/pull/898).
# Exits with 1 once that is no longer so.
set -euo pipefail
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT
python3 -m venv "$place/env"
"$place/env/bin/pip" install --quiet shap==0.51.0 scikit-image==0.26.0 onnx==1.23.2 onnxruntime==1.32.0
"$place/env/bin/pip" install --quiet numpy==2.4.6 xarray==2026.9.0 scikit-learn tqdm
"$place/env/bin/pip" install --quiet --no-deps dianna==1.8.1
cat > "$place/try.py" <<'PYTHON'
import sys

import numpy as np
from dianna.methods.kernelshap_image import KERNELSHAPImage
from onnx import TensorProto, checker, helper, numpy_helper, save
from skimage.segmentation import slic

SIZE, BLOCK = 30, 10
file = sys.argv[1] + "/network.onnx"
# a picture of 3 x 3 flat squares of different grey, so that segments are what one sees
greys = np.random.default_rng(0).permutation(np.linspace(0.2, 1, 9)).reshape(3, 3)
picture = np.repeat(np.repeat(greys, BLOCK, axis=0), BLOCK, axis=1)[..., None].repeat(3, axis=2).astype(np.float32)


def explained(weights, **options):
    """The map for a network whose single answer is the weighted sum of the picture's pixels."""
    graph = helper.make_graph(
        [
            helper.make_node("Mul", ["x", "weights"], ["m"]),
            helper.make_node("ReduceSum", ["m", "axes"], ["y"], keepdims=0),
            helper.make_node("Unsqueeze", ["y", "last"], ["z"]),
        ],
        "graph",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, ["batch", SIZE, SIZE, 3])],
        [helper.make_tensor_value_info("z", TensorProto.FLOAT, ["batch", 1])],
        [
            numpy_helper.from_array(weights.astype(np.float32)[None, ..., None] / 3, "weights"),
            numpy_helper.from_array(np.array([1, 2, 3]), "axes"),
            numpy_helper.from_array(np.array([1]), "last"),
        ],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    checker.check_model(model, full_check=True)
    save(model, file)
    explainer = KERNELSHAPImage({2: "channels"})
    found = explainer.explain(file, picture, [0], background=0, n_segments=9, nsamples=1000, **options)
    return found[0], explainer.image_segments


def own(weights, segments):
    """A sum's Shapley values: what each segment's pixels add."""
    share = weights * picture[..., 0]
    return np.array([share[segments == s].sum() for s in np.unique(segments)])


generator = np.random.default_rng(1)
single = np.zeros((SIZE, SIZE))
single[BLOCK : 2 * BLOCK, BLOCK : 2 * BLOCK] = 1 / BLOCK**2
several = np.repeat(np.repeat(generator.uniform(0.5, 2, size=(3, 3)), BLOCK, axis=0), BLOCK, axis=1) / BLOCK**2
moved, hidden = [], []
for name, weights in (("one segment only", single), ("all segments", several)):
    heat, segments = explained(weights)
    names = np.unique(segments)
    value = np.array([heat[segments == s].mean() for s in names])
    expected = own(weights, segments)
    print(f"{name}: segments {names[0]} to {names[-1]}")
    print("  by the definition", expected.round(2))
    print("  dianna           ", value.round(2))
    moved.append(bool(np.allclose(value[1:], expected[:-1], atol=0.02)))
    hidden.append(bool(abs(value - expected).max() > 0.2))
heat, segments = explained(single, start_label=0)
value = np.array([heat[segments == s].mean() for s in np.unique(segments)])
print("numbered from 0:   ", value.round(2))
sys.exit(0 if all(moved) and all(hidden) and abs(value - own(single, segments)).max() > 0.2 else 1)
PYTHON
"$place/env/bin/python" -W ignore "$place/try.py" "$place" 2>/dev/null
