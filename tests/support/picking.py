"""What the picker's script sends to the kernel."""


def messages(name, data, choice=1, parts=3, head=b""):
    """What the browser sends for a file."""
    about = {"choice": choice, "id": f"id of {name}"}
    start = {**about, "type": "start", "name": name, "mime": "image/jpeg", "modified": 0}
    size = -(-len(data) // parts)
    yield {**start, "parts": parts}, [memoryview(head)]
    for i in range(parts):
        part = data[i * size : (i + 1) * size]
        yield {**about, "type": "part", "index": i}, [memoryview(part)]
