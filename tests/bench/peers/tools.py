"""The programs that copy images, each called as its own documentation says for several images at a time."""

import json
import os
import pathlib
import re
import shlex
import signal
import subprocess
import tempfile
import time

# How many images each of them works on at a time; programs that copy one image are started this many at a time.
PARALLEL = 4


class Run:
    """What came of one run."""

    def __init__(self, code, seconds, cpu, memory, faults, output):
        self.code, self.seconds, self.cpu, self.memory = code, seconds, cpu, memory
        # How often the processes met a page of memory that they did not have yet.
        self.faults, self.output = faults, output


class Tool:
    # Arguments by which the program looks behind a tag that is right already; none where it has none, or always does.
    THOROUGH = ()

    def __init__(self, name, program, room):
        self.name, self.program = name, program
        self.thorough = ()
        self.is_plain = True
        self.work = pathlib.Path(tempfile.mkdtemp(prefix=f"{name}-", dir=room))
        # No program is to know anything of this machine's logins, nor of what an earlier run has learnt.
        self.environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.work),
            "XDG_DATA_HOME": str(self.work),
            "XDG_CONFIG_HOME": str(self.work),
            "XDG_CACHE_HOME": str(self.work),
            "DOCKER_CONFIG": str(self.work),
            "_CONTAINERS_ROOTLESS_UID": "1000",
        }

    def command(self, images, source, destination):
        """Returns the command that copies images from one host to another, under their own names."""
        raise NotImplementedError

    def look_behind_tags(self):
        self.thorough = self.THOROUGH

    def trust(self, authorities):
        """The registries are asked by TLS, under a certificate of these authorities; without, by plain HTTP."""
        self.is_plain = authorities is None
        if self.is_plain:
            self.environment.pop("SSL_CERT_FILE", None)
        else:
            self.environment["SSL_CERT_FILE"] = str(authorities)

    def run(self, images, source, destination, limit=300):
        """Copies images from one host to another; a run past the limit, in seconds, is ended with code 124."""
        figures = self.work / "figures"
        figures.unlink(missing_ok=True)
        command = self.command(images, source, destination)
        begin = time.monotonic()
        process = subprocess.Popen(
            command,
            cwd=self.work,
            env=self.environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(timeout=limit)
            code = process.returncode
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            output, _ = process.communicate()
            code = 124
        seconds = time.monotonic() - begin
        lines = [line.split() for line in figures.read_text().splitlines()] if figures.exists() else []
        rows = [list(map(float, line)) for line in lines if len(line) == 4 and re.fullmatch(r"[\d.]+", line[0])]
        memory = max((row[0] for row in rows), default=0) / 1024
        cpu, faults = sum(row[1] + row[2] for row in rows), int(sum(row[3] for row in rows))
        return Run(code, seconds, cpu, memory, faults, output.decode(errors="replace"))

    def timed(self, arguments):
        """Memory is that of the largest process, and is measured by a small parent: what a process was before it
        became the program counts as the program's."""
        return ["/usr/bin/time", "-a", "-o", str(self.work / "figures"), "-f", "%M %U %S %R", *map(str, arguments)]

    def several(self, commands):
        """Runs commands, some at a time."""
        if len(commands) == 1:
            return commands[0]
        lines = self.work / "commands"
        lines.write_text("".join(shlex.join(command) + "\n" for command in commands))
        return ["xargs", "-P", str(PARALLEL), "-a", str(lines), "-d", "\n", "-I", "{}", "sh", "-c", "{}"]


def names(image, source, destination):
    return f"{source}/{image.repository}:{image.tag}", f"{destination}/{image.repository}:{image.tag}"


class Crane(Tool):
    def command(self, images, source, destination):
        return self.several([self.timed([self.program, "copy", *names(it, source, destination)]) for it in images])


class Oras(Tool):
    def command(self, images, source, destination):
        plain = ["--from-plain-http", "--to-plain-http"] if self.is_plain else []
        return self.several(
            [self.timed([self.program, "cp", *plain, *names(it, source, destination)]) for it in images]
        )


class Skopeo(Tool):
    def command(self, images, source, destination):
        plain = ["--src-tls-verify=false", "--dest-tls-verify=false"] if self.is_plain else []
        copy = ["--insecure-policy", "copy", "--all", *plain]
        return self.several(
            [
                self.timed([self.program, *copy, *(f"docker://{name}" for name in names(it, source, destination))])
                for it in images
            ]
        )


class Regctl(Tool):
    THOROUGH = ("--force-recursive",)

    def command(self, images, source, destination):
        hosts = [f"--host=reg={host},tls=disabled" for host in (source, destination) if self.is_plain]
        return self.several(
            [
                self.timed([self.program, *hosts, "image", "copy", *self.thorough, *names(it, source, destination)])
                for it in images
            ]
        )


class Regsync(Tool):
    THOROUGH = ("forceRecursive",)

    def command(self, images, source, destination):
        entries = [
            dict(zip(("source", "target"), names(it, source, destination), strict=True), type="image") for it in images
        ]
        configuration = {
            "version": 1,
            "creds": [{"registry": host, "tls": "disabled"} for host in (source, destination) if self.is_plain],
            "defaults": {"parallel": PARALLEL, **{name: True for name in self.thorough}},
            "sync": entries,
        }
        file = self.work / "regsync.yml"
        # JSON is YAML.
        file.write_text(json.dumps(configuration))
        return self.timed([self.program, "once", "-c", file])


class AcrSync(Tool):
    THOROUGH = ("--check", "all")

    def command(self, images, source, destination):
        file = self.work / "images.txt"
        file.write_text("".join(f"{source}/{it.repository}:{it.tag} => {it.repository}:{it.tag}\n" for it in images))
        return self.timed([self.program, "apply", file, "--registry", destination, "--all", *self.thorough])


KINDS = {"acr-sync": AcrSync, "crane": Crane, "regctl": Regctl, "regsync": Regsync, "oras": Oras, "skopeo": Skopeo}
