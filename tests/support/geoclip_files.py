"""Write GeoCLIPs with lively random weights in each of its forms, without torch."""

from __future__ import annotations

import json
import struct
import zipfile

import numpy as np

SMALL = {"width": 128, "layers": 2, "patch": 32, "inside": 96, "hidden": 64}
FULL_SIZE = {"width": 1024, "layers": 24, "patch": 14, "inside": 768, "hidden": 1024}
"""CLIP ViT-L/14 with GeoCLIP's heads."""
_SIDE = 224


def clip_tensors(width, layers, patch, inside, hidden=0, seed=0):
    """CLIP's vision tower by the names of its file: no layer linear, none that drowns the others.

    Tensors come one by one, so that a full-size one need not fit into memory twice.
    """
    rng = np.random.default_rng(seed)

    def draw(*shape, scale):
        return (rng.standard_normal(shape, np.float32) * np.float32(scale)).astype("<f4")

    v = "vision_model."
    yield f"{v}embeddings.class_embedding", draw(width, scale=0.3)
    scale = 2 / (3 * patch * patch) ** 0.5
    yield f"{v}embeddings.patch_embedding.weight", draw(width, 3, patch, patch, scale=scale)
    count = (_SIDE // patch) ** 2 + 1
    yield f"{v}embeddings.position_embedding.weight", draw(count, width, scale=0.3)

    def norm(name):
        yield f"{name}.weight", 1 + draw(width, scale=0.3)
        yield f"{name}.bias", draw(width, scale=0.1)

    def dense(name, into, out):
        yield f"{name}.weight", draw(out, into, scale=1.2 / into**0.5)
        yield f"{name}.bias", draw(out, scale=0.1)

    yield from norm(f"{v}pre_layrnorm")
    for i in range(layers):
        p = f"{v}encoder.layers.{i}."
        for part in ("k_proj", "v_proj", "q_proj", "out_proj"):
            yield from dense(f"{p}self_attn.{part}", width, width)
        yield from norm(f"{p}layer_norm1")
        yield from dense(f"{p}mlp.fc1", width, 4 * width)
        yield from dense(f"{p}mlp.fc2", 4 * width, width)
        yield from norm(f"{p}layer_norm2")
    yield from norm(f"{v}post_layernorm")
    yield "visual_projection.weight", draw(inside, width, scale=1 / width**0.5)


def mlp_tensors(inside, out=512, seed=1):
    rng = np.random.default_rng(seed)
    shapes = {"0.weight": (inside, inside), "0.bias": (inside,), "2.weight": (out, inside)}
    shapes |= {"2.bias": (out,)}
    return {
        name: (rng.standard_normal(s) * (1.5 / inside**0.5)).astype("<f4")
        for name, s in shapes.items()
    }


def location_tensors(hidden, out=512, seed=2):
    """Three capsules of random Fourier features, as fine as GeoCLIP's."""
    rng = np.random.default_rng(seed)
    tensors = {}
    for i, sigma in enumerate((1, 16, 256)):
        shapes = [(hidden, 512), (hidden, hidden), (hidden, hidden), (out, hidden)]
        names = ["capsule.1", "capsule.3", "capsule.5", "head.0"]
        tensors[f"LocEnc{i}.capsule.0.b"] = rng.standard_normal((256, 2)).astype("<f4") * sigma
        for name, shape in zip(names, shapes, strict=True):
            weight = rng.standard_normal(shape, np.float32) * np.float32((2 / shape[1]) ** 0.5)
            tensors[f"LocEnc{i}.{name}.weight"] = weight.astype("<f4")
            tensors[f"LocEnc{i}.{name}.bias"] = rng.standard_normal(shape[0]).astype("<f4") * 0.1
    return {name: tensor.astype("<f4") for name, tensor in tensors.items()}


def make_points(count=400, seed=3):
    """Places all over the world, with 4 decimals; some of them twice, some many times."""
    rng = np.random.default_rng(seed)
    lat = np.degrees(np.arcsin(rng.uniform(-0.9, 0.9, count)))
    points = np.stack([lat, rng.uniform(-180, 180, count)], axis=1).round(4)
    points[1::10] = points[::10]
    points[2:9] = points[0]
    return points


# ---- the forms


def write_safetensors(path, tensors):
    """``tensors`` is a list of names and arrays, or what makes it again at each call."""
    make = tensors if callable(tensors) else lambda: tensors
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, array in make():
        offsets = [at, at + array.nbytes]
        header[name] = {"dtype": "F32", "shape": array.shape, "data_offsets": offsets}
        at += array.nbytes
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(text)) + text)
        for _, array in make():
            file.write(array.tobytes())
    return path


def write_pth(path, tensors):
    """What ``torch.save`` writes for a dict of tensors, or for one."""
    one = not isinstance(tensors, dict)
    arrays = [tensors] if one else list(tensors.values())
    parts = [_tensor(str(i), np.asarray(array)) for i, array in enumerate(arrays)]
    if one:
        body = parts[0]
    else:
        body = b"ccollections\nOrderedDict\n)R("
        for name, part in zip(tensors, parts, strict=True):
            body += _text(name) + part
        body += b"u"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", b"\x80\x02" + body + b".")
        for i, array in enumerate(arrays):
            archive.writestr(f"archive/data/{i}", np.asarray(array, "<f4").tobytes())
        archive.writestr("archive/version", "3\n")
    return path


def _text(text):
    return b"X" + struct.pack("<I", len(text.encode())) + text.encode()


def _numbers(values):
    return b"(" + b"".join(b"J" + struct.pack("<i", value) for value in values) + b"t"


def _tensor(key, array):
    strides = [int(np.prod(array.shape[i + 1 :])) for i in range(array.ndim)]
    storage = b"(" + _text("storage") + b"ctorch\nFloatStorage\n" + _text(key) + _text("cuda:0")
    storage += b"J" + struct.pack("<i", max(array.size, 1)) + b"tQ"
    state = storage + b"J" + struct.pack("<i", 0) + _numbers(array.shape) + _numbers(strides)
    return b"ctorch._utils\n_rebuild_tensor_v2\n(" + state + b"\x89ccollections\nOrderedDict\n)RtR"


class Exported:
    """An ONNX graph of plain operators, as torch's exporter writes them."""

    def __init__(self):
        self.nodes, self.tensors = [], []

    def op(self, kind, *inputs, **attributes):
        from onnx import helper

        name = f"/{kind}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [name], **attributes))
        return name

    def array(self, values, dtype=np.float32):
        from onnx import numpy_helper

        name = f"onnx::{len(self.tensors)}"
        self.tensors.append(numpy_helper.from_array(np.array(values, dtype, order="C"), name))
        return name

    def ints(self, *values):
        return self.array(np.array(values), np.int64)

    def dense(self, x, weights, name):
        x = self.op("MatMul", x, self.array(weights[f"{name}.weight"].T))
        return self.op("Add", self.array(weights[f"{name}.bias"]), x)

    def norm(self, x, weights, name):
        centred = self.op("Sub", x, self.op("ReduceMean", x, axes=[-1]))
        squares = self.op("Pow", centred, self.array(2.0))
        spread = self.op("Add", self.op("ReduceMean", squares, axes=[-1]), self.array(1e-5))
        x = self.op("Div", centred, self.op("Sqrt", spread))
        x = self.op("Mul", x, self.array(weights[f"{name}.weight"]))
        return self.op("Add", x, self.array(weights[f"{name}.bias"]))

    def write(self, path, inputs, output):
        from onnx import TensorProto, helper

        self.nodes[-1].output[0] = output[0]
        info = helper.make_tensor_value_info
        graph = helper.make_graph(
            self.nodes,
            "main_graph",
            [info(inputs[0], TensorProto.FLOAT, inputs[1])],
            [info(output[0], TensorProto.FLOAT, output[1])],
            self.tensors,
        )
        model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 14)])
        model.ir_version = 7
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(model.SerializeToString())
        return path


def write_vision(path, clip, mlp):
    """``vision_model.onnx``: the tower with the head, from pixels to embeddings."""
    g, v, w = Exported(), "vision_model.", clip
    patches = w[f"{v}embeddings.patch_embedding.weight"]
    width, _, patch, _ = patches.shape
    heads, count = width // 64, (_SIDE // patch) ** 2 + 1
    x = g.op("Conv", "pixel_values", g.array(patches), strides=[patch] * 2)
    x = g.op("Transpose", g.op("Reshape", x, g.ints(0, width, -1)), perm=[0, 2, 1])
    shape = g.op("Concat", g.op("Gather", g.op("Shape", x), g.ints(0)), g.ints(1, width), axis=0)
    token = g.op("Expand", g.array(w[f"{v}embeddings.class_embedding"][None, None]), shape)
    x = g.op("Concat", token, x, axis=1)
    x = g.op("Add", x, g.array(w[f"{v}embeddings.position_embedding.weight"][None]))
    x = g.norm(x, w, f"{v}pre_layrnorm")
    for i in range(sum(name.endswith("layer_norm1.bias") for name in w)):
        p = f"{v}encoder.layers.{i}."
        h, parts = g.norm(x, w, f"{p}layer_norm1"), {}
        for part in "qkv":
            y = g.dense(h, w, f"{p}self_attn.{part}_proj")
            y = g.op("Mul", y, g.array(1 / 8)) if part == "q" else y
            y = g.op("Reshape", y, g.ints(-1, count, heads, 64))
            parts[part] = g.op("Transpose", y, perm=[0, 2, 3, 1] if part == "k" else [0, 2, 1, 3])
        y = g.op("Softmax", g.op("MatMul", parts["q"], parts["k"]), axis=-1)
        y = g.op("Transpose", g.op("MatMul", y, parts["v"]), perm=[0, 2, 1, 3])
        y = g.op("Reshape", y, g.ints(-1, count, width))
        x = g.op("Add", x, g.dense(y, w, f"{p}self_attn.out_proj"))
        y = g.dense(g.norm(x, w, f"{p}layer_norm2"), w, f"{p}mlp.fc1")
        y = g.op("Mul", y, g.op("Sigmoid", g.op("Mul", g.array(1.702), y)))
        x = g.op("Add", x, g.dense(y, w, f"{p}mlp.fc2"))
    x = g.op("Gather", x, g.array(0, np.int64), axis=1)
    x = g.op("MatMul", g.norm(x, w, f"{v}post_layernorm"), g.array(w["visual_projection.weight"].T))
    x = g.dense(g.op("Relu", g.dense(x, mlp, "0")), mlp, "2")
    shapes = ["batch", 3, "height", "width"], ["batch", len(mlp["2.bias"])]
    return g.write(path, ("pixel_values", shapes[0]), ("image_embeds", shapes[1]))


def write_location(path, tensors):
    """``location_model.onnx``: Equal Earth, the capsules, their sum."""
    g = Exported()
    radians = g.op("Mul", "location", g.array(np.pi / 180))
    lat, lng = (g.op("Gather", radians, g.array(i, np.int64), axis=1) for i in (0, 1))
    t = g.op("Asin", g.op("Mul", g.op("Sin", lat), g.array(3**0.5 / 2)))
    a1, a2, a3, a4 = 1.340264, -0.081106, 0.000893, 0.003796

    def polynomial(*terms):
        total = None
        for factor, power in terms:
            term = g.op("Mul", g.op("Pow", t, g.array(float(power))), g.array(factor))
            total = term if total is None else g.op("Add", total, term)
        return total

    below = polynomial((27 * a4, 8), (21 * a3, 6), (9 * a2, 2), (3 * a1, 0))
    x = g.op("Mul", g.op("Mul", lng, g.array(2 * 3**0.5)), g.op("Cos", t))
    x, y = g.op("Div", x, below), polynomial((a4, 9), (a3, 7), (a2, 3), (a1, 1))
    flat = g.op("Concat", *(g.op("Unsqueeze", p, g.ints(1)) for p in (x, y)), axis=1)
    flat = g.op("Mul", flat, g.array(66.50336 / 180))
    total = None
    for i in range(3):
        p = f"LocEnc{i}."
        angles = g.op("MatMul", flat, g.array(2 * np.pi * tensors[f"{p}capsule.0.b"].T))
        h = g.op("Concat", g.op("Cos", angles), g.op("Sin", angles), axis=1)
        for k in (1, 3, 5):
            h = g.op("Relu", g.dense(h, tensors, f"{p}capsule.{k}"))
        h = g.dense(h, tensors, f"{p}head.0")
        total = h if total is None else g.op("Add", total, h)
    shapes = ["batch", 2], ["batch", len(tensors["LocEnc0.head.0.bias"])]
    return g.write(path, ("location", shapes[0]), ("location_embeds", shapes[1]))


# ---- whole folders


def write_onnx_form(folder, size=None, points=None, seed=0):
    """The folder as its repository has it: onnx/ and gps_gallery/."""
    size = size or SMALL
    clip, mlp = dict(clip_tensors(**size, seed=seed)), mlp_tensors(size["inside"])
    write_vision(folder / "onnx" / "vision_model.onnx", clip, mlp)
    write_location(folder / "onnx" / "location_model.onnx", location_tensors(size["hidden"]))
    gallery = folder / "gps_gallery" / "coordinates_100K.json"
    gallery.parent.mkdir()
    gallery.write_text(json.dumps((make_points() if points is None else points).tolist()))
    return folder


def write_int8(folder):
    """Add what its publishers would: the vision model in int8."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    vision = folder / "onnx" / "vision_model.onnx"
    small = vision.with_name("vision_model_quantized.onnx")
    quantize_dynamic(vision, small, weight_type=QuantType.QUInt8)
    return small


def write_safetensors_form(folder, size=None, points=None, seed=0):
    """CLIP's file, and beside it the heads as pip's ``geoclip`` has them."""
    size = size or SMALL
    folder.mkdir(parents=True, exist_ok=True)
    write_safetensors(folder / "model.safetensors", lambda: clip_tensors(**size, seed=seed))
    write_pth(folder / "image_encoder_mlp_weights.pth", mlp_tensors(size["inside"]))
    write_pth(folder / "location_encoder_weights.pth", location_tensors(size["hidden"]))
    write_pth(folder / "logit_scale_weights.pth", np.float32(3.681034803390503))
    rows = (make_points() if points is None else points).tolist()
    text = "".join(f"{lat:.6f},{lng:.6f}\n" for lat, lng in rows)
    (folder / "coordinates_100K.csv").write_text(f"LAT,LON\n{text}")
    return folder


FORMS = {"onnx": write_onnx_form, "safetensors": write_safetensors_form}
