"""The servers of a bench: registries and the proxies before them, on loopback."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.request


def free_ports(number):
    sockets = [socket.socket() for _ in range(number)]
    for one in sockets:
        one.bind(("127.0.0.1", 0))
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


def wait_for(url):
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5).read()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"FAILED: {url} does not answer")


class Server:
    """A registry on a folder of its own."""

    CONFIGURATION = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{folder}"}}, delete: {{enabled: true}}}}
http: {{addr: "{host}", relativeurls: true, draintimeout: 1s}}
"""

    def __init__(self, parts, kind, room):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="registry-", dir=room))
        (port,) = free_ports(1)
        self.host = f"127.0.0.1:{port}"
        if kind == "olareg":
            command = [
                parts["olareg"],
                "serve",
                "--addr",
                "127.0.0.1",
                "--port",
                str(port),
                "--dir",
                str(self.folder),
                "--api-delete",
                "--api-blob-delete",
            ]
        else:
            file = self.folder / "configuration.yml"
            file.write_text(self.CONFIGURATION.format(folder=self.folder / "data", host=self.host))
            command = [parts[kind], "serve", str(file)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "OTEL_"))}
        clean["OTEL_TRACES_EXPORTER"] = "none"
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean)
        wait_for(f"http://{self.host}/v2/")

    def stop(self):
        self.process.kill()
        self.process.wait()
        shutil.rmtree(self.folder)


class Proxy:
    """Counts, delays and disturbs what goes to a registry."""

    def __init__(self, parts, upstream):
        port, control = free_ports(2)
        self.host = f"127.0.0.1:{port}"
        self.control = f"http://127.0.0.1:{control}"
        self.process = subprocess.Popen([parts["proxy"], "serve", self.host, upstream, f"127.0.0.1:{control}"])
        wait_for(f"{self.control}/counts")

    def set(self, delay_ms=0, faults=()):
        body = json.dumps({"delay_ms": delay_ms, "faults": list(faults)}).encode()
        urllib.request.urlopen(f"{self.control}/set", data=body, timeout=5).read()

    def counts(self):
        return json.loads(urllib.request.urlopen(f"{self.control}/counts", timeout=5).read())

    def stop(self):
        self.process.kill()
        self.process.wait()
