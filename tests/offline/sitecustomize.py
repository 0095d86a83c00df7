"""Cuts a Python process off the network: on its path, it is imported before anything else."""

import socket

_connect = socket.socket.connect


def _local_only(self, address):
    if self.family in {socket.AF_INET, socket.AF_INET6} and address[0] not in {"127.0.0.1", "::1"}:
        raise OSError(f"the network is cut: {address[0]}")
    return _connect(self, address)


socket.socket.connect = _local_only
