"""A checkpoint as one ONNX graph that answers and explains, checked against the library."""
