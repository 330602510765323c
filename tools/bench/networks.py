"""Three networks of common shape with distinct random weights: ResNet-50, MobileNetV2 and BERT-base at sequence 128.

They are written as an exporter writes them: BatchNormalization apart from its Conv, GELU and attention in primitive
operators, so that both sides' graph passes have their usual work. Weights keep the variance of what passes through
(He et al. 2015), so activations stay in a trained network's range.
"""
import numpy as np
from onnx import TensorProto, helper, numpy_helper

OPSET, IR_VERSION = 17, 8


class Builder:
    """Collects nodes and initializers; every method returns the name of the value that it makes."""

    def __init__(self, name, seed):
        self.name, self.random = name, np.random.default_rng(seed)
        self.nodes, self.constants = [], []

    def node(self, op, inputs, **attributes):
        out = f"{op}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, inputs, [out], name=f"node_{out}", **attributes))
        return out

    def constant(self, array):
        name = f"c_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.ascontiguousarray(array), name))
        return name

    def normal(self, shape, deviation):
        return self.constant(self.random.standard_normal(shape, np.float32) * np.float32(deviation))

    def model(self, inputs, outputs):
        graph = helper.make_graph(self.nodes, self.name, inputs, outputs, self.constants)
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION)


def image_value(name, shape):
    return helper.make_tensor_value_info(name, TensorProto.FLOAT, shape)


# ---- convolutional networks ----

def convolve(b, x, channels, filters, size, stride=1, group=1, gain=2.0):
    """Conv and BatchNormalization, as a training framework leaves them."""
    per_group = channels // group
    weights = b.normal((filters, per_group, size, size), (gain / (per_group * size * size)) ** 0.5)
    pad = size // 2
    x = b.node("Conv", [x, weights], kernel_shape=[size, size], strides=[stride, stride], pads=[pad] * 4, group=group)
    uniform = b.random.uniform
    scale = b.constant(uniform(0.8, 1.2, filters).astype(np.float32))
    shift = b.normal(filters, 0.1)
    mean = b.normal(filters, 0.1)
    variance = b.constant(uniform(0.8, 1.2, filters).astype(np.float32))
    return b.node("BatchNormalization", [x, scale, shift, mean, variance], epsilon=1e-5)


def bottleneck(b, x, channels, width, stride):
    y = b.node("Relu", [convolve(b, x, channels, width, 1)])
    y = b.node("Relu", [convolve(b, y, width, width, 3, stride)])
    y = convolve(b, y, width, 4 * width, 1, gain=0.2)
    if stride != 1 or channels != 4 * width:
        x = convolve(b, x, channels, 4 * width, 1, stride, gain=1.0)
    return b.node("Relu", [b.node("Add", [y, x])])


def classify(b, x, channels):
    x = b.node("Flatten", [b.node("GlobalAveragePool", [x])], axis=1)
    weights, bias = b.normal((1000, channels), channels ** -0.5), b.normal(1000, 0.1)
    b.nodes.append(helper.make_node("Gemm", [x, weights, bias], ["logits"], name="node_logits", transB=1))
    return b.model([image_value("image", [1, 3, 224, 224])], [image_value("logits", [1, 1000])])


def resnet50():
    """He et al. 2015, with the stride in the 3x3 as in common exports."""
    b = Builder("resnet-50", 50)
    x = b.node("Relu", [convolve(b, "image", 3, 64, 7, 2)])
    x = b.node("MaxPool", [x], kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    channels = 64
    for stage, (width, count) in enumerate([(64, 3), (128, 4), (256, 6), (512, 3)]):
        for block in range(count):
            x = bottleneck(b, x, channels, width, 2 if stage and not block else 1)
            channels = 4 * width
    return classify(b, x, channels)


def relu6(b, x):
    return b.node("Clip", [x, b.constant(np.float32(0)), b.constant(np.float32(6))])


def inverted_residual(b, x, channels, filters, stride, expansion):
    y, width = x, channels * expansion
    if expansion != 1:
        y = relu6(b, convolve(b, y, channels, width, 1))
    y = relu6(b, convolve(b, y, width, width, 3, stride, group=width))
    y = convolve(b, y, width, filters, 1, gain=1.0)
    return b.node("Add", [x, y]) if stride == 1 and channels == filters else y


def mobilenetv2():
    """Sandler et al. 2018, table 2, width 1.0."""
    b = Builder("mobilenet-v2", 2)
    x = relu6(b, convolve(b, "image", 3, 32, 3, 2))
    channels = 32
    for expansion, filters, count, stride in [(1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2),
                                              (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1)]:
        for block in range(count):
            x = inverted_residual(b, x, channels, filters, 1 if block else stride, expansion)
            channels = filters
    return classify(b, relu6(b, convolve(b, x, channels, 1280, 1)), 1280)


# ---- BERT ----
HIDDEN, HEADS, INNER, LAYERS, WORDS, SEQUENCE = 768, 12, 3072, 12, 30522, 128


def dense(b, x, inputs, outputs):
    y = b.node("MatMul", [x, b.normal((inputs, outputs), inputs ** -0.5)])
    return b.node("Add", [b.normal(outputs, 0.02), y])


def layer_norm(b, x):
    scale = b.constant(b.random.uniform(0.8, 1.2, HIDDEN).astype(np.float32))
    return b.node("LayerNormalization", [x, scale, b.normal(HIDDEN, 0.02)], axis=-1, epsilon=1e-12)


def split_heads(b, x, order):
    x = b.node("Reshape", [x, b.constant(np.array([1, SEQUENCE, HEADS, HIDDEN // HEADS], np.int64))])
    return b.node("Transpose", [x], perm=order)


def attend(b, x, mask):
    query = split_heads(b, dense(b, x, HIDDEN, HIDDEN), [0, 2, 1, 3])
    key = split_heads(b, dense(b, x, HIDDEN, HIDDEN), [0, 2, 3, 1])
    value = split_heads(b, dense(b, x, HIDDEN, HIDDEN), [0, 2, 1, 3])
    scores = b.node("Div", [b.node("MatMul", [query, key]), b.constant(np.float32((HIDDEN // HEADS) ** 0.5))])
    weights = b.node("Softmax", [b.node("Add", [scores, mask])], axis=-1)
    mixed = b.node("Transpose", [b.node("MatMul", [weights, value])], perm=[0, 2, 1, 3])
    mixed = b.node("Reshape", [mixed, b.constant(np.array([1, SEQUENCE, HIDDEN], np.int64))])
    return layer_norm(b, b.node("Add", [dense(b, mixed, HIDDEN, HIDDEN), x]))


def gelu(b, x):
    erf = b.node("Erf", [b.node("Div", [x, b.constant(np.float32(2 ** 0.5))])])
    half = b.node("Mul", [x, b.node("Add", [erf, b.constant(np.float32(1))])])
    return b.node("Mul", [half, b.constant(np.float32(0.5))])


def embed(b):
    words = b.node("Gather", [b.normal((WORDS, HIDDEN), 1.0), "input_ids"])
    kinds = b.node("Gather", [b.normal((2, HIDDEN), 1.0), "token_type_ids"])
    places = b.normal((1, SEQUENCE, HIDDEN), 1.0)
    return layer_norm(b, b.node("Add", [b.node("Add", [words, kinds]), places]))


def bert_base():
    """Devlin et al. 2018, the encoder without a pooler."""
    b = Builder("bert-base", 12)
    mask = b.node("Unsqueeze", ["attention_mask", b.constant(np.array([1, 2], np.int64))])
    mask = b.node("Sub", [b.constant(np.float32(1)), b.node("Cast", [mask], to=TensorProto.FLOAT)])
    mask = b.node("Mul", [mask, b.constant(np.float32(-10000))])
    x = embed(b)
    for _ in range(LAYERS):
        x = attend(b, x, mask)
        inner = gelu(b, dense(b, x, HIDDEN, INNER))
        x = layer_norm(b, b.node("Add", [dense(b, inner, INNER, HIDDEN), x]))
    b.nodes.append(helper.make_node("Identity", [x], ["hidden"], name="node_hidden"))
    names = ("input_ids", "attention_mask", "token_type_ids")
    inputs = [helper.make_tensor_value_info(name, TensorProto.INT64, [1, SEQUENCE]) for name in names]
    return b.model(inputs, [image_value("hidden", [1, SEQUENCE, HIDDEN])])


# ---- inputs ----

def image_inputs():
    return {"image": np.random.default_rng(7).standard_normal((1, 3, 224, 224), np.float32)}


def token_inputs():
    random = np.random.default_rng(7)
    mask = np.ones((1, SEQUENCE), np.int64)
    mask[0, 100:] = 0
    return {"input_ids": random.integers(0, WORDS, (1, SEQUENCE)), "attention_mask": mask,
            "token_type_ids": random.integers(0, 2, (1, SEQUENCE))}


NETWORKS = {"resnet-50": (resnet50, image_inputs), "mobilenet-v2": (mobilenetv2, image_inputs),
            "bert-base-128": (bert_base, token_inputs)}
