"""Images of random content: made, pushed to a registry, and proved to be whole in another."""

import functools
import gzip
import hashlib
import http.client
import io
import json
import random
import urllib.parse

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
PLATFORMS = ("amd64", "arm64")
# Random bytes that are made at a time.
PIECE = 32 << 20


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def layer(seed, size):
    """Random bytes in gzip's own form, because some programs compress what is not compressed."""
    out = io.BytesIO()
    source = random.Random(seed)
    with gzip.GzipFile(fileobj=out, mode="wb", compresslevel=0, mtime=0) as packed:
        for begin in range(0, size, PIECE):
            packed.write(source.randbytes(min(PIECE, size - begin)))
    return out.getvalue()


class Image:
    """One image under `repository:tag`: its blobs and its manifests, the root last."""

    def __init__(self, name):
        self.repository, self.tag = name.split(":")
        self.blobs = {}
        self.manifests = {}
        self.layers = []
        self.root = None

    def blob(self, media_type, data):
        self.blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    def manifest(self, media_type, body):
        data = json.dumps({"schemaVersion": 2, "mediaType": media_type, **body}).encode()
        self.root = digest(data)
        self.manifests[self.root] = (media_type, data)
        return {"mediaType": media_type, "digest": self.root, "size": len(data)}

    def platform(self, architecture, layers):
        config = {"architecture": architecture, "os": "linux", "name": self.repository}
        described = [self.blob(LAYER, data) for data in layers]
        self.layers += [one["digest"] for one in described]
        body = {"config": self.blob(CONFIG, json.dumps(config).encode()), "layers": described}
        return {**self.manifest(MANIFEST, body), "platform": {"architecture": architecture, "os": "linux"}}

    def index(self, children):
        self.children = [child["digest"] for child in children]
        self.manifest(INDEX, {"manifests": children})
        return self

    def bytes(self):
        return sum(map(len, self.blobs.values()))


def large(layers=10, total=1 << 30):
    """One image of one platform."""
    image = Image("bench/large:1")
    image.platform("amd64", [layer(f"large {number}", total // layers) for number in range(layers)])
    return [image]


def shared(images=12, common=6_000_000, own=3_000_000):
    """Images of two platforms, one layer shared by all, two layers of its own for each platform."""
    made = []
    base = layer("shared", common)
    for number in range(images):
        image = Image(f"bench/app-{number:02}:1.0")
        children = [
            image.platform(platform, [base] + [layer(f"{number} {platform} {part}", own) for part in range(2)])
            for platform in PLATFORMS
        ]
        made.append(image.index(children))
    return made


def small():
    """An image of two platforms for the faults; its first layer is the one that they strike."""
    image = Image("bench/small:1")
    children = [
        image.platform(platform, [layer(f"small {platform} {part}", 2_000_000) for part in range(2)])
        for platform in PLATFORMS
    ]
    return [image.index(children)]


class Registry:
    """A client of the distribution API that does one thing after the other."""

    def __init__(self, host, trust=None):
        self.host = host
        kind = functools.partial(http.client.HTTPSConnection, context=trust) if trust else http.client.HTTPConnection
        self.connection = kind(host, timeout=60)

    def ask(self, method, path, body=None, headers=None):
        self.connection.request(method, path, body=body, headers=headers or {})
        answer = self.connection.getresponse()
        return answer, answer.read()

    def push(self, image):
        for one, data in image.blobs.items():
            answer, _ = self.ask("POST", f"/v2/{image.repository}/blobs/uploads/")
            place = urllib.parse.urlsplit(answer.headers["Location"])
            query = (place.query + "&" if place.query else "") + "digest=" + one
            answer, text = self.ask("PUT", f"{place.path}?{query}", data, {"Content-Type": "application/octet-stream"})
            assert answer.status == 201, (answer.status, text)
        for one, (media_type, data) in image.manifests.items():
            reference = image.tag if one == image.root else one
            path = f"/v2/{image.repository}/manifests/{reference}"
            answer, text = self.ask("PUT", path, data, {"Content-Type": media_type})
            assert answer.status == 201, (answer.status, text)

    def remove(self, image, what):
        kind = "manifests" if what in image.manifests else "blobs"
        answer, text = self.ask("DELETE", f"/v2/{image.repository}/{kind}/{what}")
        assert answer.status == 202, (answer.status, text)

    def tagged(self, image):
        """Returns the digest under the image's tag, or None."""
        accept = {"Accept": f"{INDEX}, {MANIFEST}"}
        answer, body = self.ask("GET", f"/v2/{image.repository}/manifests/{image.tag}", headers=accept)
        return digest(body) if answer.status == 200 else None

    def missing(self, image, reads=True):
        """Reads all content of an image, or its manifests alone, and returns what is not there or not what its digest
        says."""
        found = []
        if self.tagged(image) != image.root:
            found.append("tag")
        for one, (media_type, _) in image.manifests.items():
            path = f"/v2/{image.repository}/manifests/{one}"
            answer, body = self.ask("GET", path, headers={"Accept": media_type})
            if answer.status != 200 or digest(body) != one:
                found.append(one)
        for one in image.blobs:
            answer, body = self.ask("GET" if reads else "HEAD", f"/v2/{image.repository}/blobs/{one}")
            if answer.status != 200 or reads and digest(body) != one:
                found.append(one)
        return found
