"""The fault rows: what goes wrong on the way, and what a program is to make of it."""

import images
import servers

# Seconds after which a run is ended. The longest fault lasts 30 s.
LIMIT = 120


class Row:
    """One row: the faults of either side, and how the destination stands before."""

    def __init__(self, name, source=(), destination=(), broken=None, hopeless=False):
        self.name, self.source, self.destination = name, source, destination
        self.broken, self.hopeless = broken, hopeless

    def needs_striking(self):
        return bool(self.source or self.destination)


def rows(image):
    blob = "/blobs/" + image.layers[0]

    def status(code, times, method, path):
        return [{"kind": "status", "status": code, "times": times, "method": method, "path": path}]

    def body(kind, times):
        return [{"kind": kind, "times": times, "method": "GET", "path": blob}]

    def throttle(seconds):
        return [{"kind": "throttle", "seconds": seconds, "path": ""}]

    uploads = [{"kind": "reset-upload", "times": 2, "method": "POST|PATCH|PUT", "path": "/blobs/uploads/"}]
    return [
        Row("manifest PUT answered 503, twice", destination=status(503, 2, "PUT", "/manifests/")),
        Row("429 on everything for 12 s, `Retry-After` counting down", destination=throttle(12)),
        Row("429 on everything for 30 s, `Retry-After` counting down", destination=throttle(30)),
        Row(
            "manifest answered 429 without `Retry-After`, three times", source=status(429, 3, "GET|HEAD", "/manifests/")
        ),
        Row("layer download closed half-way, twice", source=body("close-body", 2)),
        Row("layer download reset half-way, twice", source=body("reset-body", 2)),
        Row("upload reset half-way, twice", destination=uploads),
        Row("layer corrupted once", source=body("corrupt", 1)),
        Row("layer corrupted always (must fail and say so)", source=body("corrupt", 0), hopeless=True),
        Row("HEAD of a blob answered 500, twice", destination=status(500, 2, "HEAD", "/blobs/sha256:")),
        Row("POST of an upload answered 502, twice", destination=status(502, 2, "POST", "/blobs/uploads/")),
        Row("child manifest missing under a matching tag", broken=image.children[0]),
        Row("layer missing under a matching tag", broken=image.layers[0]),
    ]


SURVIVES = ("survives", "says so", "survives (never met)")


def verdict(row, tool, image, parts, room, source):
    """Runs one row with one program on registries of its own; returns the verdict, the seconds and the output."""
    target = servers.Server(parts, "registry", room)
    ways = [servers.Proxy(parts, source.host), servers.Proxy(parts, target.host)]
    try:
        there = images.Registry(target.host)
        if row.broken:
            tool.look_behind_tags()
            there.push(image)
            there.remove(image, row.broken)
        ways[0].set(faults=row.source)
        ways[1].set(faults=row.destination)
        run = tool.run([image], ways[0].host, ways[1].host, limit=LIMIT)
        struck = sum(way.counts()["struck"] for way in ways)
        missing = there.missing(image)
        is_tagged = there.tagged(image) is not None
        return judge(row, run, missing, is_tagged, struck), run.seconds, run.output
    finally:
        for one in (*ways, target):
            one.stop()


def judge(row, run, missing, is_tagged, struck):
    if run.code == 0:
        if missing:
            return "silently wrong"
        if row.hopeless:
            return "silently wrong" if struck else "not met"
        return "survives" if struck or not row.needs_striking() else "survives (never met)"
    if missing and is_tagged and not row.broken:
        return "fails, leaves a broken tag"
    if run.code == 124:
        return f"hangs (over {LIMIT} s)"
    return "says so" if row.hopeless else "fails"
