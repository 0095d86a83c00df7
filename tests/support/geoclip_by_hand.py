"""GeoCLIP in NumPy, from its tensors to its probabilities, as its authors describe it."""

import numpy as np

from support.geoclip_files import SMALL, clip_tensors, location_tensors, mlp_tensors


def unit(rows):
    return rows / np.linalg.norm(rows, axis=1, keepdims=True)


def by_hand(photos, points):
    """Photos (N, 3, 224, 224) to the probability of each point, (N, M)."""
    x = embed_photos_by_hand(photos)
    logits = np.exp(3.681034803390503) * x @ embed_by_hand(points).T
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    return odds / odds.sum(axis=1, keepdims=True)


def embed_photos_by_hand(photos):
    """Photos (N, 3, 224, 224) to unit vectors, (N, 512)."""
    w, mlp, v = dict(clip_tensors(**SMALL)), mlp_tensors(SMALL["inside"]), "vision_model."
    width, patch = SMALL["width"], SMALL["patch"]

    def dense(x, name, weights=w):
        return x @ weights[f"{name}.weight"].T + weights[f"{name}.bias"]

    def norm(x, name):
        x = x - x.mean(-1, keepdims=True)
        x = x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-5)
        return x * w[f"{name}.weight"] + w[f"{name}.bias"]

    n, side = len(photos), 224 // patch
    tiles = photos.reshape(n, 3, side, patch, side, patch).transpose(0, 2, 4, 1, 3, 5)
    x = (
        tiles.reshape(n, side * side, -1)
        @ w[f"{v}embeddings.patch_embedding.weight"].reshape(width, -1).T
    )
    token = np.broadcast_to(w[f"{v}embeddings.class_embedding"], (n, 1, width))
    x = np.concatenate([token, x], axis=1) + w[f"{v}embeddings.position_embedding.weight"]
    x = norm(x, f"{v}pre_layrnorm")
    for i in range(SMALL["layers"]):
        p = f"{v}encoder.layers.{i}."
        h = norm(x, f"{p}layer_norm1")
        q, k, value = (
            dense(h, f"{p}self_attn.{part}_proj").reshape(n, -1, width // 64, 64).swapaxes(1, 2)
            for part in "qkv"
        )
        scores = np.exp(q @ k.swapaxes(-1, -2) / 8)
        h = (scores / scores.sum(-1, keepdims=True)) @ value
        x = x + dense(h.swapaxes(1, 2).reshape(x.shape), f"{p}self_attn.out_proj")
        h = dense(norm(x, f"{p}layer_norm2"), f"{p}mlp.fc1")
        x = x + dense(h / (1 + np.exp(-1.702 * h)), f"{p}mlp.fc2")
    x = norm(x[:, 0], f"{v}post_layernorm") @ w["visual_projection.weight"].T
    return unit(dense(np.maximum(dense(x, "0", mlp), 0), "2", mlp))


def embed_by_hand(points):
    """Places (M, 2) to unit vectors (M, 512), in double precision."""
    w = location_tensors(SMALL["hidden"])
    lat, lng = np.radians(points.astype(np.float32).astype(float)).T
    t = np.arcsin(np.sqrt(3) / 2 * np.sin(lat))
    a = 1.340264, -0.081106, 0.000893, 0.003796
    x = 2 * np.sqrt(3) * lng * np.cos(t)
    x /= 3 * (9 * a[3] * t**8 + 7 * a[2] * t**6 + 3 * a[1] * t**2 + a[0])
    y = a[3] * t**9 + a[2] * t**7 + a[1] * t**3 + a[0] * t
    flat = np.stack([x, y], axis=1) * 66.50336 / 180
    total = 0
    for i in range(3):
        angles = 2 * np.pi * flat @ w[f"LocEnc{i}.capsule.0.b"].T
        h = np.concatenate([np.cos(angles), np.sin(angles)], axis=1)
        for k in (1, 3, 5):
            name = f"LocEnc{i}.capsule.{k}"
            h = np.maximum(h @ w[f"{name}.weight"].T + w[f"{name}.bias"], 0)
        total = total + h @ w[f"LocEnc{i}.head.0.weight"].T + w[f"LocEnc{i}.head.0.bias"]
    return unit(total)
