"""Trained weights: `load_weights`, `save_weights`, and the record of a network, a cell with its numbers.

    arrays    one array from outside, checked: half types, whole numbers, nan, Python objects are refused
    files     .npz and .safetensors, and what is said of every other file
    protobuf  what weights need of .onnx files
    gates     what every layout holds, and the cell of it
    layouts   PyTorch, Keras, ONNX, Flax linen and nnx, read and written
    loading   which layer of which file, in which layout
    record    Network

Nothing from a file is ever unpickled. May import: everything to the left of `weights`.
"""

from rnnsym.weights.layouts import LAYOUTS
from rnnsym.weights.loading import load_weights, save_weights
from rnnsym.weights.record import Network

__all__ = ["LAYOUTS", "Network", "load_weights", "save_weights"]
