#!/usr/bin/env python3
"""convert_check: a converted model is valid ONNX, and onnxruntime gives the model's golden outputs with it.

Usage: convert_check.py CONVERTED MODEL_FOLDER [--onnxruntime SITE_PACKAGES]
Tolerances are those of the folder's inputs.json. Exit 0 good, 1 not, 3 onnxruntime refuses the original too (said).
"""
import argparse
import glob
import json
import os
import sys

import numpy
import onnx
import onnx.numpy_helper


def read(path):
    proto = onnx.TensorProto()
    with open(path, "rb") as file:
        proto.ParseFromString(file.read())
    return proto.name, onnx.numpy_helper.to_array(proto)


def tensors(folder, kind):
    paths = sorted(glob.glob(os.path.join(folder, f"{kind}_*.pb")), key=lambda path: int(path.split("_")[-1][:-3]))
    return [read(path) for path in paths]


def differences(name, got, want, tolerance):
    if got.shape != want.shape:
        return f"{name}: shape {got.shape}, want {want.shape}"
    if want.dtype.kind in "OSUbiu":
        return "" if (got == want).all() else f"{name}: differs"
    got, want = got.astype(numpy.float64), want.astype(numpy.float64)
    excess = numpy.abs(got - want) - tolerance["atol"] - tolerance["rtol"] * numpy.abs(want)
    return f"{name}: over the tolerance by {excess.max()}" if excess.size and excess.max() > 0 else ""


def run(path, folder, onnxruntime, tolerances):
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
    wanted_inputs = {value.name for value in session.get_inputs()}
    faults = []
    for data in sorted(glob.glob(os.path.join(folder, "test_data_set_*"))):
        inputs = {name: value for name, value in tensors(data, "input") if name in wanted_inputs}
        outputs = tensors(data, "output")
        for (name, want), got in zip(outputs, session.run([name for name, _ in outputs], inputs)):
            fault = differences(name, numpy.asarray(got), want, tolerances.get(name, {"rtol": 1e-3, "atol": 1e-5}))
            faults += [fault] if fault else []
    return faults


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("converted")
    parser.add_argument("folder")
    parser.add_argument("--onnxruntime")
    options = parser.parse_args()
    try:
        onnx.checker.check_model(options.converted, full_check=False)
    except onnx.checker.ValidationError as error:
        # A contributed operator in the default domain, which the original has too.
        if "No Op registered" not in str(error):
            print(f"the checker: {str(error).splitlines()[0]}")
            return 1
    if not options.onnxruntime:
        return 0
    sys.path.append(options.onnxruntime)
    import onnxruntime
    with open(os.path.join(options.folder, "inputs.json"), encoding="utf-8") as file:
        tolerances = json.load(file).get("tolerance", {})
    try:
        faults = run(options.converted, options.folder, onnxruntime, tolerances)
    except Exception as error:  # onnxruntime has no common base for what it raises
        try:
            run(os.path.join(options.folder, "model.onnx"), options.folder, onnxruntime, tolerances)
        except Exception as original:
            print(f"onnxruntime refuses the original too: {str(original).splitlines()[0]}")
            return 3
        print(f"onnxruntime: {str(error).splitlines()[0]}")
        return 1
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
