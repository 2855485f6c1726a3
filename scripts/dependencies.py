"""The crates in the binary, from `cargo metadata`: as a bill of materials, and with the texts of their licences."""

import hashlib
import json
import pathlib
import subprocess
import tomllib
import urllib.parse
import uuid

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
PROVIDER = "terraform-provider-rdsauth"
LICENCE_FILES = ("LICENSE", "LICENCE", "COPYING", "NOTICE", "COPYRIGHT", "UNLICENSE")
# Rust's names of the platforms that the registry knows.
TARGETS = {
    "darwin_amd64": "x86_64-apple-darwin",
    "darwin_arm64": "aarch64-apple-darwin",
    "linux_amd64": "x86_64-unknown-linux-gnu",
    "linux_arm64": "aarch64-unknown-linux-gnu",
    "windows_amd64": "x86_64-pc-windows-gnu",
}


class Graph:
    """What is linked into the provider, or runs while it is built, on these platforms."""

    def __init__(self, platforms, checkout=CHECKOUT):
        command = ["cargo", "metadata", "--format-version", "1", "--locked"]
        for platform in platforms:
            command += ["--filter-platform", TARGETS[platform]]
        metadata = json.loads(subprocess.run(command, cwd=checkout, check=True, capture_output=True, text=True).stdout)
        packages = {package["id"]: package for package in metadata["packages"]}
        nodes = {node["id"]: node for node in metadata["resolve"]["nodes"]}
        self.root = next(package for package in packages.values() if package["name"] == PROVIDER)
        lock = tomllib.loads((checkout / "Cargo.lock").read_text())["package"]
        self.checksums = {(locked["name"], locked["version"]): locked.get("checksum") for locked in lock}
        self.edges, ahead = {}, [self.root["id"]]
        while ahead:
            name = ahead.pop()
            if name not in self.edges:
                self.edges[name] = sorted(edge["pkg"] for edge in nodes[name]["deps"] if is_built(edge))
                ahead.extend(self.edges[name])
        order = lambda package: (package["name"], package["version"])  # noqa: E731
        self.packages = sorted((packages[name] for name in self.edges), key=order)
        self.reference = {package["id"]: url(package) for package in self.packages}

    def crates(self):
        """All but the provider itself."""
        return [package for package in self.packages if package is not self.root]


def is_built(edge):
    """Whether a dependency is more than one of the tests."""
    return any(kind["kind"] != "dev" for kind in edge["dep_kinds"])


def url(package):
    """The package URL: https://github.com/package-url/purl-spec."""
    return "pkg:cargo/%s@%s" % (package["name"], urllib.parse.quote(package["version"], safe="."))


def bill(graph, version, time):
    """A bill of materials in the form of CycloneDX 1.5, the same whenever it is written."""
    components = [component(package, graph) for package in graph.crates()]
    dependencies = [
        {"ref": graph.reference[name], "dependsOn": sorted({graph.reference[to] for to in graph.edges[name]})}
        for name in sorted(graph.edges, key=graph.reference.get)
    ]
    root = component(graph.root, graph) | {"type": "application", "version": version}
    bom = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.5",
        "version": 1,
        "metadata": {"timestamp": time.strftime("%Y-%m-%dT%H:%M:%SZ"), "component": root},
        "components": components,
        "dependencies": dependencies,
    }
    serial = uuid.uuid5(uuid.NAMESPACE_URL, json.dumps(bom, sort_keys=True))
    return json.dumps({"serialNumber": "urn:uuid:%s" % serial} | bom, indent=2) + "\n"


def component(package, graph):
    found = {
        "type": "library",
        "bom-ref": graph.reference[package["id"]],
        "name": package["name"],
        "version": package["version"],
        "purl": url(package),
    }
    if package["license"]:
        found["licenses"] = [{"expression": expression(package)}]
    checksum = graph.checksums.get((package["name"], package["version"]))
    if checksum:
        found["hashes"] = [{"alg": "SHA-256", "content": checksum}]
    if package["repository"]:
        found["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return found


def expression(package):
    """The licence in the form of SPDX; old crates write a slash where it says OR."""
    return " OR ".join(part.strip() for part in package["license"].split("/"))


def licences(graph):
    """The licence of each crate, then each text once, with the crates that it is from."""
    lines, texts = [], {}
    for package in graph.crates():
        name = "%s %s" % (package["name"], package["version"])
        lines.append("%s: %s" % (name, expression(package) if package["license"] else "see its text"))
        for text in licence_texts(pathlib.Path(package["manifest_path"]).parent):
            texts.setdefault(hashlib.sha256(text.encode()).digest(), (text, []))[1].append(name)
    out = "The provider contains these crates, which it distributes under their own licences.\n\n%s\n" % "\n".join(lines)
    for text, names in sorted(texts.values(), key=lambda found: found[1]):
        out += "\n%s\n%s\n\n%s\n" % ("=" * 80, ", ".join(names), text)
    return out


def licence_texts(folder):
    for file in sorted(folder.iterdir()):
        if file.is_file() and file.name.upper().startswith(LICENCE_FILES):
            yield "\n".join(line.rstrip() for line in file.read_text(errors="replace").splitlines()).strip()
