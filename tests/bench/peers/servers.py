"""The servers of a bench: registries and the proxies before them, on loopback."""

import json
import os
import pathlib
import shutil
import socket
import ssl
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


def wait_for(url, trust=None):
    for _ in range(200):
        try:
            urllib.request.urlopen(url, timeout=5, context=trust).read()
            return
        except OSError:
            time.sleep(0.05)
    raise SystemExit(f"FAILED: {url} does not answer")


class Identity:
    """A name that leads to this machine, and a certificate for it that is its own authority."""

    def __init__(self, name, room):
        self.name = name
        self.certificate, self.key = (pathlib.Path(room) / f"{name}.{kind}" for kind in ("crt", "key"))
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        whose = ["-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"]
        # An authority's certificate is no server's to rustls.
        whose += ["-addext", "basicConstraints=CA:FALSE"]
        files = ["-keyout", self.key, "-out", self.certificate]
        subprocess.run(["openssl", "req", "-x509", *curve, *whose, *files], check=True, stderr=subprocess.DEVNULL)


class Server:
    """A registry on a folder of its own."""

    CONFIGURATION = """version: 0.1
log: {{level: error, accesslog: {{disabled: true}}}}
storage: {{filesystem: {{rootdirectory: "{folder}"}}, delete: {{enabled: true}}}}
http: {{addr: "127.0.0.1:{port}", relativeurls: true, draintimeout: 1s{tls}}}
"""

    def __init__(self, parts, kind, room, identity=None):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="registry-", dir=room))
        (port,) = free_ports(1)
        self.host = f"{identity.name if identity else '127.0.0.1'}:{port}"
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
            tls = f', tls: {{certificate: "{identity.certificate}", key: "{identity.key}"}}' if identity else ""
            file.write_text(self.CONFIGURATION.format(folder=self.folder / "data", port=port, tls=tls))
            command = [parts[kind], "serve", str(file)]
        clean = {name: value for name, value in os.environ.items() if not name.startswith(("REGISTRY_", "OTEL_"))}
        clean["OTEL_TRACES_EXPORTER"] = "none"
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=clean)
        self.trust = ssl.create_default_context(cafile=identity.certificate) if identity else None
        wait_for(f"{'https' if identity else 'http'}://{self.host}/v2/", self.trust)

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
