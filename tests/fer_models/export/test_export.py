"""An exported checkpoint: one graph that answers and explains as the library does, on any number of pictures."""

import copy
import json

import numpy as np
import onnx
import onnxruntime
import pytest
import torch
from PIL import Image
from torch.fx.experimental.proxy_tensor import make_fx
from torch.nn import functional as F

from fer_models import ARCHITECTURES, FERImageProcessor
from fer_models.checkpoint import Checkpoint
from fer_models.engine_onnx import DATA, GRAPH
from fer_models.errors import ExportError
from fer_models.explain import explain
from fer_models.export import folder as export_folder
from fer_models.export.__main__ import main
from fer_models.export.check import check_graph, check_pixel_gradients, made_up_pictures
from fer_models.export.folder import export_checkpoint
from fer_models.export.graph import DECOMPOSITIONS
from fer_models.export.hfc import hartley_matrix, high_frequencies
from fer_models.export.portable import portable
from fer_models.methods import METHODS, layer_map, normalised
from fer_models.models.modeling_hfc import HFCAttention, HFCConfig
from fer_models.models.singular_values import singular_values as torchs_values
from fer_models.mtcnn_networks import FILES
from fer_models.onnx_parts import Parts, singular_values, singular_values_gradient
from fer_models.onnx_session import Sessions
from fer_models.random_weights import FILE as RANDOM_WEIGHTS

BOTTLENECKS = [  # DDAMFN in short
    {"channels": 16, "expansion": 32, "stride": 2, "repeats": 2, "kernels": [3, 5], "split": [16, 16]},
    {"channels": 24, "expansion": 32, "stride": 4, "repeats": 1, "kernels": [3, 5, 7], "split": [16, 8, 8]},
]
NETWORKS = {
    "pattlite": ("pattlite", {"image_size": 112, "patch_kernels": [4, 2]}),
    "ddamfn": ("ddamfn", {"image_size": 112, "bottlenecks": BOTTLENECKS, "feature_channels": 32}),
    "hfc": ("hfc", {"image_size": 32}),
    "mobilenetv1": ("mobilenetv1", {"image_size": 64}),
}
CLASSES = {config.model_type: (config, model) for config, model in ARCHITECTURES}
LABELS = dict(enumerate(("happiness", "sadness", "anger", "fear")))


def settled(model: torch.nn.Module, side: int) -> torch.nn.Module:
    """In evaluation mode, with batch statistics and logits of real size, as after training."""
    norms = [one for one in model.modules() if isinstance(one, torch.nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    with torch.no_grad():
        model.train()(made_up_pictures(8, side, seed=0))
    last = [module for module in model.eval().modules() if isinstance(module, torch.nn.Linear)][-1]
    with torch.no_grad():
        logits = model(made_up_pictures(8, side, seed=0)).logits
        last.weight.mul_(0.5 / (logits - logits.mean(dim=0)).abs().max())
    return model


@pytest.fixture(scope="module")
def checkpoints(tmp_path_factory) -> dict[str, Checkpoint]:
    root, made = tmp_path_factory.mktemp("checkpoints"), {}
    for key, (architecture, options) in NETWORKS.items():
        torch.manual_seed(0)
        config, network = CLASSES[architecture]
        side = options["image_size"]
        model = settled(network(config(id2label=LABELS, reject_threshold=0.3, **options)), side)
        model.save_pretrained(root / key)
        FERImageProcessor(size={"height": side, "width": side}, source_size=48).save_pretrained(root / key)
        made[key] = Checkpoint(root / key, device="cpu")
    return made


@pytest.fixture(scope="module")
def exported(checkpoints, tmp_path_factory):
    """The folder and the report of each, made when a test asks for it."""
    root = tmp_path_factory.mktemp("exported")

    class Exported(dict):
        def __missing__(self, key):
            self[key] = (root / key, export_checkpoint(checkpoints[key], root / key))
            return self[key]

    return Exported()


@pytest.mark.parametrize("key", NETWORKS)
def test_the_graph_says_what_the_library_says_for_any_class_and_number_of_pictures(key, checkpoints, exported):
    folder, report = exported[key]
    model = checkpoints[key].model
    session = onnxruntime.InferenceSession(folder / GRAPH, providers=["CPUExecutionProvider"])
    tolerance = report.check.tolerance
    for count in (1, 3):
        pixel_values = made_up_pictures(count, model.config.image_size, seed=40 + count)
        asked = [None, 3, 1][:count]
        expected = explain(model, pixel_values, "gradcam", asked)
        ids = np.array([-1 if one is None else one for one in asked])
        logits, cam, *maps, features, gradients = session.run(
            None, {"pixel_values": pixel_values.numpy(), "class_ids": ids}
        )
        np.testing.assert_allclose(logits, expected.output.logits, atol=tolerance)
        np.testing.assert_allclose(cam, expected.cam, atol=tolerance)
        for method in ("hirescam", "gradcam++", "eigencam"):
            other = explain(model, pixel_values, method, asked).cam
            of_layer = layer_map(method, features, gradients if METHODS[method].class_specific else None)
            np.testing.assert_allclose(normalised(of_layer), other, atol=10 * tolerance)
        shown = list(model.attention_maps(expected.output).values())
        for ours, theirs in zip(maps, shown, strict=False):
            np.testing.assert_allclose(ours, theirs, atol=tolerance)
        assert len(maps) == len(shown) + 2 * len(model.attention_profiles(expected.output))
    assert np.ptp(cam) > 0.1 and np.ptp(logits) > 0.1 and np.abs(logits[0] - logits[1]).max() > 10 * tolerance
    assert max(report.check.differences.values()) <= tolerance < report.check.change


@pytest.mark.parametrize("key", NETWORKS)
def test_no_operator_that_some_runtime_gets_wrong_is_in_the_graph(key, exported):
    graph = onnx.load(exported[key][0] / GRAPH).graph
    kinds = {node.op_type for node in graph.node}
    assert not kinds & {"Loop", "Scan", "If", "DFT", "BatchNormalization"}
    assert not kinds & {"ReduceL2", "ScatterND", "ScatterElements", "ConstantOfShape"}
    assert all(node.domain in ("", "ai.onnx") for node in graph.node)


@pytest.mark.parametrize("key", NETWORKS)
def test_paddings_add_and_weights_are_constant(key, exported):
    graph = onnx.load(exported[key][0] / GRAPH).graph
    values = {one.name: onnx.numpy_helper.to_array(one) for one in graph.initializer}
    assert all(values[node.input[1]].min() >= 0 for node in graph.node if node.op_type == "Pad")
    assert all(node.input[1] in values for node in graph.node if node.op_type in ("Conv", "ConvTranspose"))


@pytest.mark.parametrize("key", NETWORKS)
def test_what_lies_beside_the_graph_is_what_the_checkpoint_says(key, checkpoints, exported):
    folder, report = exported[key]
    checkpoint, data = checkpoints[key], json.loads((folder / DATA).read_text())
    parts = [part["file"] for part in data["parts"]]
    pixels = [part["file"] for part in data["pixels"]]
    assert sorted(file.name for file in folder.iterdir()) == sorted(
        [GRAPH, *parts, *pixels, RANDOM_WEIGHTS, DATA, *FILES]
    )
    cuts = len(checkpoint.model.attentions) if key == "hfc" else 0
    assert (len(parts), len(pixels)) == (cuts + 1 if cuts else 0, 2 * cuts + 1)
    assert data["sha256"] == checkpoint.sha256 and data["labels"] == list(LABELS.values())
    assert data["answers"]["reject_threshold"] == 0.3 and data["processing"]["source_size"] == 48
    assert [one["name"] for one in data["maps"]] == list(checkpoint.model.attention_kinds) or key == "hfc"
    assert {one["name"]: one["meaning"] for one in data["maps"]} == checkpoint.model.attention_meanings
    differences = dict(data["check"]["differences"])
    more = {name: differences.pop(name) for name in list(differences) if name not in report.check.differences}
    assert len(more) == 5 and max(more.values()) < 0.05 and more["random weights"] < 1e-3
    assert differences == report.check.differences
    properties = {one.key: one.value for one in onnx.load(folder / GRAPH).metadata_props}
    assert properties["sha256"] == checkpoint.sha256


def test_a_graph_of_other_weights_is_told(checkpoints, exported):
    other = copy.deepcopy(checkpoints["pattlite"].model)
    other.classifier.classifier.bias.data += 0.01
    with pytest.raises(ExportError, match=r"differs from the library in 'logits' by 0\.01, more than 0\.0001"):
        check_graph(Sessions(exported["pattlite"][0] / GRAPH), other, 1e-4)


def test_a_graph_that_fails_its_check_is_not_written(checkpoints, tmp_path, monkeypatch):
    monkeypatch.setattr(export_folder, "TOLERANCE", -1.0)
    with pytest.raises(ExportError, match="more than -1"):
        export_checkpoint(checkpoints["mobilenetv1"], tmp_path / "out")
    assert list((tmp_path / "out").iterdir()) == []


def test_the_hartley_filter_is_the_fourier_filter():
    torch.manual_seed(0)
    for size in (14, 7):
        matrix = hartley_matrix(size)
        torch.testing.assert_close(matrix @ matrix, size * torch.eye(size, dtype=torch.float64))
        for shape in ("ideal", "gaussian", "butterworth"):
            attention = HFCAttention(4, HFCConfig(filter_shape=shape))
            maps = torch.randn(3, size, size)
            expected = attention.high_frequencies(maps)
            torch.testing.assert_close(high_frequencies(attention, size)(maps), expected, atol=1e-5, rtol=0)


@pytest.mark.parametrize("size", [1, 2, 7, 28])
def test_the_counted_singular_values_are_those_of_the_decomposition(size, tmp_path):
    from fer_models.export.hfc import TRANSLATIONS

    class Values(torch.nn.Module):
        def forward(self, maps):
            return torch.ops.fer_models.singular_values(maps)

    generator = torch.Generator().manual_seed(0)
    low = torch.randn(size, 1, generator=generator) @ torch.randn(1, size, generator=generator)
    kinds = {
        "uniform": torch.rand(size, size, generator=generator),
        "normal": torch.randn(size, size, generator=generator),
        "detail of a hundredth": 1 + torch.randn(size, size, generator=generator) / 100,
        "rank 1": low,
        "all equal": torch.eye(size) * 3,
        "nothing": torch.zeros(size, size),
    }
    maps = torch.stack(list(kinds.values()))
    file = tmp_path / "values.onnx"
    torch.onnx.export(
        Values().eval(),
        (maps,),
        file,
        dynamo=True,
        opset_version=20,
        custom_translation_table=TRANSLATIONS,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(file, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: maps.numpy()})
    truth = torch.linalg.svdvals(maps.double()).numpy()
    error = np.abs(found - truth).max(axis=1) / np.maximum(truth[:, 0], 1e-9)
    assert (error < 6e-4).all(), dict(zip(kinds, error, strict=True))
    assert np.abs(found - truth)[:, 0].max() < 1e-4 * truth.max()


def test_the_parts_of_a_graph_say_what_the_whole_says_and_run_what_is_asked_for(exported):
    folder, report = exported["hfc"]
    parts = Parts(folder, json.loads((folder / DATA).read_text())["parts"])
    whole = Sessions(folder / GRAPH)
    assert sorted(parts.outputs) == sorted(whole.outputs) and parts.told("sha256") == whole.told("sha256")
    assert len(parts.run(["map_0"], {"pixel_values": np.zeros((1, 3, 32, 32), "f"), "class_ids": np.array([-1])})) == 1
    kinds = {node.op_type for part in parts.parts for node in onnx.load(folder / part["file"]).graph.node}
    assert "Sqrt" not in kinds  # with which the whole counts singular values
    for count in (1, 4):
        inputs = {
            "pixel_values": made_up_pictures(count, 32, seed=count).numpy(),
            "class_ids": np.full(count, 2, dtype=np.int64),
        }
        for names in (["logits"], whole.outputs):
            for ours, theirs in zip(parts.run(names, inputs), whole.run(names, inputs), strict=True):
                np.testing.assert_allclose(ours, theirs, atol=report.check.tolerance)


@pytest.mark.parametrize("key", NETWORKS)
def test_the_gradient_for_pixels_is_torchs_for_any_number_of_pictures(key, checkpoints, exported):
    folder, model = exported[key][0], checkpoints[key].model
    graph = Parts(folder, json.loads((folder / DATA).read_text())["pixels"])
    off = []
    for count in (1, 3):
        pictures = made_up_pictures(count, model.config.image_size, seed=20 + count).requires_grad_()
        asked = torch.tensor([2, 0, 3][:count])
        score = model(pictures).logits.log_softmax(dim=1).gather(1, asked[:, None]).sum()
        expected = torch.autograd.grad(score, pictures)[0].numpy()
        found = graph.run(None, {"pixel_values": pictures.detach().numpy(), "class_ids": asked.numpy()})[0]
        off += [*(np.abs(found - expected).sum(axis=(1, 2, 3)) / np.abs(expected).sum(axis=(1, 2, 3)))]
    # rounding decides the slope of a unit that lies at a kink, which some pictures have and others have not
    assert min(off) < 1e-3 and max(off) < 0.1
    assert np.abs(found[0] - found[1]).sum() > 0.5 * np.abs(found[0]).sum()


def test_a_gradient_of_other_weights_is_told(checkpoints, exported):
    folder, other = exported["mobilenetv1"][0], copy.deepcopy(checkpoints["mobilenetv1"].model)
    other.classifier.weight.data = other.classifier.weight.data.flip(0)
    graph = Parts(folder, json.loads((folder / DATA).read_text())["pixels"])
    with pytest.raises(ExportError, match="the exported gradient for pixels differs from the library by"):
        check_pixel_gradients(graph, other)


@pytest.mark.parametrize("side, kernel, stride, padding", [(16, 3, 2, 1), (15, 3, 2, 1), (12, 2, 2, 0), (9, 3, 3, 0)])
def test_the_gradient_of_a_maximum_is_torchs_also_where_places_are_equal(side, kernel, stride, padding):
    generator = torch.Generator().manual_seed(0)
    pictures = torch.randint(-2, 3, (5, 4, side, side), generator=generator).float()  # many are equal

    def gradient(pictures: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
        _, back = torch.func.vjp(lambda one: F.max_pool2d(one, kernel, stride, padding), pictures)
        return back(weights)[0]

    weights = torch.randn(F.max_pool2d(pictures, kernel, stride, padding).shape, generator=generator)
    ours = make_fx(gradient, decomposition_table=DECOMPOSITIONS)(pictures, weights)
    assert not ours.graph.find_nodes(op="call_function", target=torch.ops.aten.max_pool2d_with_indices_backward.default)
    torch.testing.assert_close(ours(pictures, weights), gradient(pictures, weights))


def test_numpys_gradient_of_singular_values_is_torchs_and_nan_stays_with_its_map():
    rng = np.random.default_rng(0)
    maps, slopes = rng.standard_normal((2, 3, 14, 14)).astype("f"), rng.standard_normal((2, 3, 14)).astype("f")
    maps[1, 2] = np.outer(maps[1, 2, 0], maps[1, 2, 1])  # of rank 1
    leaf = torch.tensor(maps, requires_grad=True)
    torchs_values(leaf).backward(torch.tensor(slopes))
    np.testing.assert_allclose(singular_values_gradient(maps, slopes), leaf.grad.numpy(), atol=2e-5)
    maps[0, 1, 3, 3] = np.nan
    found = singular_values_gradient(maps, slopes)
    assert np.isnan(found[0, 1]).all() and np.isfinite(found).sum() == found.size - 14 * 14


def test_numpys_singular_values_are_the_decompositions_and_nan_stays_with_its_map():
    maps = np.random.default_rng(0).standard_normal((2, 3, 14, 14)).astype(np.float32)
    maps[1, 2] = 1 + maps[1, 2] / 100
    np.testing.assert_allclose(singular_values(maps), np.linalg.svd(maps.astype(float), compute_uv=False), rtol=1e-5)
    maps[0, 1, 3, 3] = np.nan
    found = singular_values(maps)
    assert np.isnan(found[0, 1]).all() and np.isfinite(found).sum() == found.size - 14


def test_a_portable_network_has_no_batch_norm_left_and_leaves_the_model_alone(checkpoints):
    for checkpoint in checkpoints.values():
        before = {name: value.clone() for name, value in checkpoint.model.state_dict().items()}
        network = portable(checkpoint.model)
        assert not [one for one in network.modules() if isinstance(one, torch.nn.modules.batchnorm._BatchNorm)]
        after = checkpoint.model.state_dict()
        assert all(torch.equal(value, after[name]) for name, value in before.items()) and len(after) == len(before)
        x = made_up_pictures(2, checkpoint.model.config.image_size, seed=3)
        with torch.inference_mode():
            torch.testing.assert_close(network(x).logits, checkpoint.model(x).logits, rtol=1e-3, atol=1e-4)


@pytest.mark.slow
def test_the_command_exports_and_names_what_is_missing(checkpoints, tmp_path, capsys):
    assert main([str(checkpoints["mobilenetv1"].folder), "--out", str(tmp_path / "out")]) == 0
    assert "checked with onnxruntime" in capsys.readouterr().out
    assert (tmp_path / "out" / GRAPH).is_file()
    assert main([str(tmp_path / "absent"), "--out", str(tmp_path / "none")]) == 1
    assert "no checkpoint folder" in capsys.readouterr().err
    (tmp_path / "file").touch()
    assert main([str(checkpoints["mobilenetv1"].folder), "--out", str(tmp_path / "file" / "out")]) == 1
    assert "name another place" in capsys.readouterr().err


def test_a_processed_face_gives_the_checkpoints_answer(checkpoints, exported):
    checkpoint = checkpoints["mobilenetv1"]
    face = Image.fromarray(np.random.default_rng(0).integers(0, 255, (90, 90, 3), dtype=np.uint8))
    session = onnxruntime.InferenceSession(exported["mobilenetv1"][0] / GRAPH, providers=["CPUExecutionProvider"])
    pixel_values = checkpoint.pixel_values([face]).numpy()
    logits = session.run(["logits"], {"pixel_values": pixel_values, "class_ids": np.array([-1])})[0]
    expected = checkpoint.predict([face], method=None)[0]
    assert checkpoint.expressions[int(logits.argmax())] == expected.expression


@pytest.mark.parametrize("key", NETWORKS)
def test_a_map_that_weighs_features_comes_from_no_layer(key, exported):
    graph = onnx.shape_inference.infer_shapes(onnx.load(exported[key][0] / GRAPH)).graph
    channels = {
        one.name: one.type.tensor_type.shape.dim[1].dim_value
        for one in graph.value_info
        if len(one.type.tensor_type.shape.dim) == 4
    }
    made_by = {name: node.op_type for node in graph.node for name in node.output}
    for node in graph.node:
        if node.op_type == "Mul" and channels.get(node.output[0], 1) > 1:
            maps = [name for name in node.input if channels.get(name) == 1]
            assert not {made_by[name] for name in maps} & {"Conv", "Sigmoid"}
