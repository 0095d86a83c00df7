"""What runs a network: ONNX Runtime, MXNet, and what they need. Start at `engine`."""
