"""Copies images from registry to registry with several programs and prints what each needed. See ../copy."""

import argparse
import concurrent.futures
import hashlib
import os
import pathlib
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time

import faults
import images
import servers
import tools

MIB = 1 << 20
# Programs that pass a layer on without hashing it.
UNCHECKED = ("oras",)
# The name of the registries that are asked by TLS; `copy` lets it lead to this machine.
NAME = "registry.test"
# The bars that no machine changes. Memory in MiB, bytes in MB of 10^6.
DESTINATION_REQUESTS, SOURCE_MEGABYTES, MEMORY = 215, 152, 32
# Buffers that are used again: with the allocator of the static program's C library there are 200,000 by TLS.
PAGE_FAULTS = 40_000


def say(text):
    print(text, file=sys.stderr, flush=True)


def table(heads, rows):
    print("| " + " | ".join(heads) + " |")
    print("| " + " | ".join("---" if at == 0 else "---:" for at in range(len(heads))) + " |")
    for row in rows:
        print("| " + " | ".join(map(str, row)) + " |")
    print(flush=True)


def hashing():
    """Returns the CPU seconds that SHA-256 of one GiB takes; OpenSSL uses the processor's own instructions."""
    piece, hash = bytes(MIB), hashlib.sha256()
    begin = time.process_time()
    for _ in range(1024):
        hash.update(piece)
    return time.process_time() - begin


class Bench:
    def __init__(self, options, parts, room):
        self.options, self.parts, self.room = options, parts, room
        self.missed = []
        chosen = options.tools.split(",")
        self.tools = [kind(name, parts[name], room) for name, kind in tools.KINDS.items() if name in chosen]
        self.ours = next((tool for tool in self.tools if tool.name == "acr-sync"), None)

    def bar(self, what, holds):
        say(f"{'ok' if holds else 'MISSED'}: {what}")
        if not holds:
            self.missed.append(what)

    def source(self, content, kind="registry", identity=None):
        server = servers.Server(self.parts, kind, self.room, identity)
        for image in content:
            images.Registry(server.host, server.trust).push(image)
        return server

    def copy(self, tool, content, source, kind="registry", delay=None, again=False, identity=None):
        """Copies to a new registry: past proxies that count and wait where a delay is given, else straight. Returns
        the run, what the proxies counted for source and destination, and the same for a second copy where asked."""
        target = servers.Server(self.parts, kind, self.room, identity)
        tool.trust(identity.certificate if identity else None)
        ways = []
        try:
            hosts = [source.host, target.host]
            if delay is not None:
                ways = [servers.Proxy(self.parts, host) for host in hosts]
                hosts = [way.host for way in ways]
            results = []
            for _ in range(2 if again else 1):
                for way in ways:
                    way.set(delay_ms=delay)
                run = tool.run(content, *hosts)
                if run.code != 0:
                    raise SystemExit(f"FAILED: {tool.name} ended with {run.code}\n{run.output}")
                results += [run, [way.counts() for way in ways]]
            for image in content:
                # A timed run is proved by what is there, a counted one by all of its bytes.
                missing = images.Registry(target.host, target.trust).missing(image, reads=delay is not None)
                if missing:
                    raise SystemExit(f"FAILED: {tool.name} left out {missing} of {image.repository}\n{run.output}")
            return results
        finally:
            for one in (*ways, target):
                one.stop()

    def timed(self, content, source, kind="registry", delay=None, identity=None):
        """Runs every program, one after the other and that several times; returns their runs. Each round begins with
        another program, because what a machine does meanwhile comes and goes."""
        # The first copy meets memory that the machine has not given out yet: nobody's time is to tell of that.
        self.copy(self.tools[-1], content, source, kind, delay, identity=identity)
        runs = {tool.name: [] for tool in self.tools}
        for round in range(self.options.times):
            first = round * len(self.tools) // self.options.times
            for tool in self.tools[first:] + self.tools[:first]:
                runs[tool.name].append(self.copy(tool, content, source, kind, delay, identity=identity)[0])
        return runs

    def ratio(self, seconds):
        """Returns our time beside the best peer's of the same run."""
        peers = [value for name, value in seconds.items() if name != "acr-sync"]
        return f"{seconds['acr-sync'] / min(peers):.2f}" if self.ours and peers else "–"

    # The tables

    def machine(self):
        about = pathlib.Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.split(":")[1].strip() for line in about if line.startswith("model name")), "?")
        versions = ", ".join(f"{tool.name} {self.parts[tool.name + '_version']}" for tool in self.tools)
        command = "tests/bench/copy --short" if self.options.short else "tests/bench/copy"
        print("# Copies from registry to registry, beside acr-sync's peers\n")
        print(
            f"Written by `{command}`, in one run on one machine. Seconds are from start to exit of the program, or of all "
            "of its processes; those of acr-sync include that it reads the destination again. Requests and bytes are "
            "counted by a proxy, and what the destination holds was read back whole and compared after each counted "
            "run. Memory is that of the largest process.\n"
        )
        print(
            f"Machine: {cpu}, {os.cpu_count()} cores, {platform.system()} {platform.release()}; load before the run "
            f"{os.getloadavg()[0]:.1f}. Everything on loopback, registries in memory, plain HTTP where nothing else is said. Medians of "
            f"{self.options.times}. Registry: distribution {self.parts['registry_version']}, where nothing else is said; "
            f"also docker-registry {self.parts['debian_version']} and olareg {self.parts['olareg_version']}. Programs: "
            f"{versions}.\n"
        )

    def ceiling(self):
        """Says what the proxy itself can do, so that nobody takes its limit for a program's."""
        (image,) = images.large(1, 100 * MIB)
        server = self.source([image])
        way = servers.Proxy(self.parts, server.host)

        def load(host, path, requests, connections):
            command = [self.parts["proxy"], "load", f"http://{host}{path}", str(requests), str(connections)]
            return subprocess.check_output(command, text=True).split()

        blob = f"/v2/{image.repository}/blobs/{image.layers[0]}"
        rows = [
            (name, load(host, "/v2/", 10_000, 8)[0], load(host, blob, 20, 3)[1])
            for name, host in (("the registry, straight", server.host), ("past the counting proxy", way.host))
        ]
        print("## The proxy's own limit\n")
        table(["way", "requests/s", "MiB/s"], rows)
        way.stop()
        server.stop()

    def shared(self):
        content = images.shared(self.options.images)
        source = self.source(content)
        seconds = {}
        for delay in self.options.delays:
            say(f"{len(content)} images with shared layers, {delay} ms")
            runs = self.timed(content, source, delay=delay or None)
            seconds[delay] = {name: statistics.median(run.seconds for run in of) for name, of in runs.items()}
            if delay == 0:
                resources = runs
        rows, noops = [], []
        for tool in self.tools:
            _, (down, up), again, (down_again, up_again) = self.copy(tool, content, source, delay=0, again=True)
            of = resources[tool.name]
            rows.append(
                [
                    tool.name,
                    up["requests"],
                    down["requests"],
                    f"{up['up'] / 1e6:.0f}",
                    f"{down['down'] / 1e6:.0f}",
                    *(f"{seconds[delay][tool.name]:.2f}" for delay in self.options.delays),
                    f"{statistics.median(run.cpu for run in of):.2f}",
                    f"{statistics.median(run.memory for run in of):.0f}",
                ]
            )
            noops.append([tool.name, up_again["requests"], down_again["requests"], f"{again.seconds:.3f}"])
            if tool is self.ours:
                self.bar(
                    f"{up['requests']} destination requests, at most {DESTINATION_REQUESTS}",
                    up["requests"] <= DESTINATION_REQUESTS,
                )
                self.bar(
                    f"{down['down'] / 1e6:.0f} MB from the source, at most {SOURCE_MEGABYTES}",
                    down["down"] / 1e6 <= SOURCE_MEGABYTES,
                )
                self.bar(
                    f"no-op: {up_again['requests']} and {down_again['requests']} requests for {len(content)} images, "
                    "one each side an image",
                    max(up_again["requests"], down_again["requests"]) <= len(content),
                )
                say(f"    requests by kind: destination {up['kinds']}, source {down['kinds']}")
        print(f"## {len(content)} images of two platforms, one layer shared by all\n")
        table(
            [
                "program",
                "requests to destination",
                "to source",
                "MB up",
                "MB down",
                *(f"s at {delay} ms" for delay in self.options.delays),
                "CPU s",
                "MiB",
            ],
            rows,
        )
        ratios = ", ".join(f"{self.ratio(seconds[delay])} at {delay} ms" for delay in self.options.delays)
        print(f"Our time over the best peer's of this run: {ratios}.\n")
        print("## The same again, with nothing to do\n")
        table(["program", "requests to destination", "to source", "s"], noops)
        source.stop()

    def large(self):
        content = images.large()
        # Plain, and as every registry is asked that is not on loopback.
        lines = {"": None, " by TLS": servers.Identity(NAME, self.room)}
        sources = {line: self.source(content, identity=identity) for line, identity in lines.items()}
        kinds = {"distribution 3": "registry"}
        if not self.options.short:
            kinds["docker-registry 2.8"] = "debian"
        figures = {}
        for line, identity in lines.items():
            for name, kind in kinds.items():
                say(f"1 GiB to {name}{line}")
                figures[name + line] = self.timed(content, sources[line], kind, identity=identity)
        rows = []
        for tool in self.tools:
            _, (down, up) = self.copy(tool, content, sources[""], delay=0)
            runs = {way: of[tool.name] for way, of in figures.items()}
            memory = max(run.memory for of in runs.values() for run in of)
            seconds = [f"{statistics.median(run.seconds for run in of):.2f}" for of in runs.values()]
            processor = [
                f"{statistics.median(run.cpu for name in kinds for run in runs[name + line]):.2f}" for line in lines
            ]
            rows.append([tool.name, up["requests"], down["requests"], *seconds, *processor, f"{memory:.0f}"])
            if tool is self.ours:
                self.bar(f"{memory:.1f} MiB of memory for 1 GiB, at most {MEMORY}", memory <= MEMORY)
                met = max(run.faults for of in runs.values() for run in of)
                self.bar(f"{met} page faults for 1 GiB, at most {PAGE_FAULTS}", met <= PAGE_FAULTS)
        for source in sources.values():
            source.stop()
        print("## One image of 1 GiB in 10 layers\n")
        heads = [*(f"s to {way}" for way in figures), *(f"CPU s{line}" for line in lines)]
        table(["program", "requests to destination", "to source", *heads, "MiB"], rows)

        def ratios(left_out=()):
            return ", ".join(
                self.ratio(
                    {
                        name: statistics.median(run.seconds for run in of)
                        for name, of in runs.items()
                        if name not in left_out
                    }
                )
                for runs in figures.values()
            )

        print(f"Our time over the best peer's of this run: {ratios()}.\n")
        if any(tool.name in UNCHECKED for tool in self.tools):
            print(
                f"Over the best of those that check the digests themselves: {ratios(UNCHECKED)}. {' and '.join(UNCHECKED)} "
                "leaves that to the registry and saves what it costs: one GiB of SHA-256 takes "
                f"{hashing():.2f} CPU s on this machine.\n"
            )
        self.one_layer()

    def one_layer(self):
        if not self.ours:
            return
        content = images.large(1)
        source = self.source(content)
        memory = self.copy(self.ours, content, source)[0].memory
        source.stop()
        self.bar(f"{memory:.1f} MiB of memory for one layer of 1 GiB, at most {MEMORY}", memory <= MEMORY)
        print(f"One layer of 1 GiB: acr-sync takes {memory:.0f} MiB.\n")

    def faults(self):
        content = images.small()
        (image,) = content
        source = self.source(content)
        rows = faults.rows(image)
        judged = self.tools if self.options.peers_meet_faults else [self.ours] if self.ours else []
        with concurrent.futures.ThreadPoolExecutor(4) as pool:

            def one(row, tool):
                # A folder of its own, because rows run side by side.
                fresh = type(tool)(tool.name, tool.program, self.room)
                return faults.verdict(row, fresh, image, self.parts, self.room, source)

            found = {(row.name, tool.name): pool.submit(one, row, tool) for row in rows for tool in judged}
            found = {key: future.result() for key, future in found.items()}
        print("## Faults\n")
        print(
            "The last two rows with acr-sync's `check: all`, regctl's `--force-recursive` and regsync's `forceRecursive`. "
            "*Survives* means that the run succeeded and all content was read back from the destination and compared; "
            "*never met*, that the program does not make the request that is disturbed.\n"
        )
        table(
            ["what goes wrong", *(tool.name for tool in judged)],
            [[row.name, *(found[row.name, tool.name][0] for tool in judged)] for row in rows],
        )
        for row in rows:
            if self.ours:
                verdict, _, output = found[row.name, self.ours.name]
                self.bar(f"{row.name}: {verdict}", verdict in faults.SURVIVES)
                if verdict not in faults.SURVIVES:
                    say(output)
        if self.options.outputs:
            for (row, tool), (verdict, seconds, output) in found.items():
                say(f"--- {row} / {tool}: {verdict}, {seconds:.1f} s\n{output}")
        source.stop()

    def pairs(self):
        """Every registry as source and as destination of the others and of itself, for our program alone."""
        if not self.ours:
            return
        content = images.small()
        kinds = {"registry": "distribution 3", "debian": "docker-registry 2.8", "olareg": "olareg"}
        rows = []
        for kind, name in kinds.items():
            source = self.source(content, kind)
            cells = []
            for other in kinds:
                self.copy(self.ours, content, source, other, delay=0, again=True)
                cells.append("whole")
            rows.append([name, *cells])
            source.stop()
        print("## Registries\n")
        table(["from \\ to", *kinds.values()], rows)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--short", action="store_true")
    parser.add_argument("--tools", default=",".join(tools.KINDS))
    parser.add_argument("--tables", default="ceiling,shared,large,faults,pairs")
    parser.add_argument("--times", type=int)
    parser.add_argument("--outputs", action="store_true", help="show what the programs said of the faults")
    options = parser.parse_args()
    options.times = options.times or (1 if options.short else 3)
    options.images = 12
    options.delays = [0, 20] if options.short else [0, 20, 50]
    options.peers_meet_faults = not options.short
    parts = dict(line.split("=", 1) for line in os.environ["BENCH_PARTS"].splitlines() if line)
    shm = pathlib.Path("/dev/shm")
    has_room = shm.is_dir() and shutil.disk_usage(shm).free > 8 << 30
    room = tempfile.mkdtemp(prefix="acr-sync-bench-", dir=shm if has_room else os.environ["INTEROP_DIR"])
    begin = time.monotonic()
    try:
        bench = Bench(options, parts, room)
        bench.machine()
        for name in options.tables.split(","):
            getattr(bench, name)()
    finally:
        shutil.rmtree(room, ignore_errors=True)
    say(f"{time.monotonic() - begin:.0f} s")
    if bench.missed:
        raise SystemExit("FAILED: " + "; ".join(bench.missed))


main()
