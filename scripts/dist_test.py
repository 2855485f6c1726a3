"""A release has what the registry wants and nothing that differs from build to build; both CLIs install it."""

import contextlib
import datetime
import hashlib
import http.server
import ipaddress
import json
import os
import pathlib
import platform
import re
import shutil
import ssl
import subprocess
import sys
import tempfile
import threading
import tomllib
import unittest
import zipfile

import dependencies
import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

CHECKOUT = pathlib.Path(__file__).resolve().parent.parent
VERSION = tomllib.loads((CHECKOUT / "Cargo.toml").read_text())["workspace"]["package"]["version"]
ARCH = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}.get(platform.machine(), platform.machine())
PLATFORM = "%s_%s" % (sys.platform, ARCH)
START = "terraform-provider-rdsauth_%s" % VERSION
ZIP = "%s_%s.zip" % (START, PLATFORM)
# The same that the acceptance tests run with.
CLIS = os.environ.get("RDSAUTH_TEST_CLIS", "").split(os.pathsep)
CLIS = [cli for cli in CLIS if cli] or [cli for cli in ("terraform", "tofu") if shutil.which(cli)]
PATIENCE = 600  # on a machine that is busy; each takes a second or two


def run(*command, cwd=None, code=0, **environment):
    ended = subprocess.run(
        command, cwd=cwd, env=os.environ | environment, capture_output=True, text=True, timeout=PATIENCE
    )
    if ended.returncode != code:
        raise AssertionError("%s\n%s%s" % (command, ended.stdout, ended.stderr))
    return ended


class Release(unittest.TestCase):
    """A release in which a small file is the binary: nothing here runs it."""

    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory(prefix="dist")
        cls.addClassCleanup(folder.cleanup)
        cls.folder = pathlib.Path(folder.name)
        cls.binary = cls.folder / "binary"
        cls.binary.write_text("#!/bin/sh\nexit 1\n")
        cls.dist = cls.release("dist")

    @classmethod
    def release(cls, name, **environment):
        folder = cls.folder / name
        run(CHECKOUT / "scripts/dist", "pack", "v" + VERSION, PLATFORM, cls.binary, folder, **environment)
        run(CHECKOUT / "scripts/dist", "close", VERSION, folder, **environment)
        return folder

    def file(self, end):
        return self.dist / (START + end)


class Packing(Release):
    def test_it_has_the_names_of_the_registry(self):
        ends = ("_SHA256SUMS", "_%s.zip" % PLATFORM, "_manifest.json", "_sbom.cdx.json")
        self.assertEqual({file.name for file in self.dist.iterdir()}, {START + end for end in ends})
        protocols = json.loads(self.file("_manifest.json").read_text())["metadata"]["protocol_versions"]
        self.assertEqual(protocols, ["5.0"])
        with zipfile.ZipFile(self.dist / ZIP) as archive:
            modes = {entry.filename: entry.external_attr >> 16 & 0o777 for entry in archive.infolist()}
            provider = "terraform-provider-rdsauth_v%s" % VERSION
            self.assertEqual(modes, {"LICENSE": 0o644, "THIRD_PARTY_LICENSES.txt": 0o644, provider: 0o755})
            self.assertEqual(archive.read(provider), self.binary.read_bytes())

    def test_the_checksums_are_those_of_all_other_files(self):
        lines = [line.split("  ") for line in self.file("_SHA256SUMS").read_text().splitlines()]
        self.assertEqual([name for _, name in lines], sorted(name for _, name in lines))
        others = {file.name for file in self.dist.iterdir()} - {START + "_SHA256SUMS"}
        self.assertEqual({name for _, name in lines}, others)
        for checksum, name in lines:
            self.assertEqual(hashlib.sha256((self.dist / name).read_bytes()).hexdigest(), checksum, name)

    def test_a_second_release_is_the_same_to_the_byte(self):
        self.binary.touch()
        again = self.release("again", TZ="Asia/Tokyo")
        for file in self.dist.iterdir():
            self.assertEqual(file.read_bytes(), (again / file.name).read_bytes(), file.name)
        later = self.release("later", SOURCE_DATE_EPOCH="2000000000")
        self.assertNotEqual((later / ZIP).read_bytes(), (again / ZIP).read_bytes())
        with zipfile.ZipFile(later / ZIP) as archive:
            self.assertEqual({entry.date_time for entry in archive.infolist()}, {(2033, 5, 18, 3, 33, 20)})

    def test_the_bill_of_materials_is_what_is_locked(self):
        bom = json.loads(self.file("_sbom.cdx.json").read_text())
        self.assertEqual((bom["bomFormat"], bom["specVersion"]), ("CycloneDX", "1.5"))
        self.assertRegex(bom["serialNumber"], r"^urn:uuid:[0-9a-f-]{36}$")
        self.assertRegex(bom["metadata"]["timestamp"], r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ$")
        locked = tomllib.loads((CHECKOUT / "Cargo.lock").read_text())["package"]
        checksums = {(it["name"], it["version"]): it.get("checksum") for it in locked}
        names = {component["name"] for component in bom["components"]}
        self.assertLessEqual({"tokio", "rustls", "aws-sdk-rds", "tf-provider"}, names)
        self.assertFalse({"expectorate", "proptest", "acceptance-tests"} & names, "they are for tests alone")
        for component in bom["components"]:
            hashes = [it["content"] for it in component.get("hashes", [])]
            expected = checksums[component["name"], component["version"]]
            self.assertEqual(hashes, [expected] if expected else [], component["name"])
            self.assertTrue(component["licenses"][0]["expression"], component["name"])
        references = [component["bom-ref"] for component in [bom["metadata"]["component"], *bom["components"]]]
        self.assertEqual(len(references), len(set(references)))
        self.assertEqual({it["ref"] for it in bom["dependencies"]}, set(references))
        self.assertLessEqual({to for it in bom["dependencies"] for to in it["dependsOn"]}, set(references))

    def test_every_crate_has_its_licence(self):
        with zipfile.ZipFile(self.dist / ZIP) as archive:
            text = archive.read("THIRD_PARTY_LICENSES.txt").decode()
        listed = text.partition("=" * 80)[0]
        for component in json.loads(self.file("_sbom.cdx.json").read_text())["components"]:
            self.assertIn("\n%(name)s %(version)s: " % component, listed)
        self.assertNotIn("see its text", listed)
        self.assertIn("Permission is hereby granted, free of charge", text)
        self.assertNotIn(str(pathlib.Path.home()), text)

    def test_what_would_differ_or_mislead_is_refused(self):
        def refusal(*arguments):
            return run(CHECKOUT / "scripts/dist", *arguments, code=1).stderr

        self.assertIn("the version is %s in Cargo.toml" % VERSION, refusal("close", "99.0.0", self.dist))
        self.assertIn("VERSION=%s" % VERSION, refusal("check", ""))
        run(CHECKOUT / "scripts/dist", "check", "v" + VERSION)
        self.assertIn("is none of the platforms", refusal("pack", VERSION, "plan9_mips", self.binary, self.folder))
        self.assertIn("no %s_OS_ARCH.zip" % START, refusal("close", VERSION, CHECKOUT / "scripts"))
        local = self.folder / "local"
        local.write_text("%s/src/main.rs" % CHECKOUT)
        self.assertIn("contains the path", refusal("pack", VERSION, PLATFORM, local, self.folder / "none"))
        self.assertFalse((self.folder / "none").exists())

    @unittest.skipUnless(shutil.which("gpg"), "gpg is not installed")
    def test_a_key_signs_the_checksums(self):
        with tempfile.TemporaryDirectory(prefix="g") as home:
            gpg = {"GNUPGHOME": home}
            try:
                key = ("--quick-generate-key", "test@example.com", "rsa2048", "sign", "never")
                run("gpg", "--batch", "--passphrase", "", *key, **gpg)
                signed = self.release("signed", GPG_KEY="test@example.com", **gpg)
                sums = signed / (START + "_SHA256SUMS")
                run("gpg", "--verify", "%s.sig" % sums, sums, **gpg)
                sums.write_text(sums.read_text() + "\n")
                run("gpg", "--verify", "%s.sig" % sums, sums, code=1, **gpg)
            finally:
                run("gpgconf", "--kill", "all", **gpg)
        self.release("signed")
        self.assertFalse((signed / (START + "_SHA256SUMS.sig")).exists(), "the signature of other checksums stays")


class Repository(unittest.TestCase):
    """What GitHub reads: nothing else here notices a mistake in it."""

    def yaml(self, path):
        return yaml.safe_load((CHECKOUT / ".github" / path).read_text())

    def test_the_workflow_releases_every_platform(self):
        jobs = self.yaml("workflows/release.yml")["jobs"]
        rows = jobs["build"]["strategy"]["matrix"]["include"]
        self.assertEqual({row["platform"]: row["target"] for row in rows}, dependencies.TARGETS)
        steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
        scripts = {name for step in steps for name in re.findall(r"scripts/([\w-]+)", step)}
        self.assertEqual(scripts, {"build-release", "dist"})
        for name in scripts:
            self.assertTrue(os.access(CHECKOUT / "scripts" / name, os.X_OK), name)

    def test_every_step_of_a_workflow_is_a_script(self):
        workflows = list((CHECKOUT / ".github/workflows").glob("*.yml"))
        self.assertEqual(len(workflows), 2)
        for path in workflows:
            steps = [step for job in self.yaml(path)["jobs"].values() for step in job["steps"]]
            for step in steps:
                self.assertEqual(len({"run", "uses"} & set(step)), 1, path)
                script = re.sub(r"\$\{\{.*?\}\}", "x", step.get("run", ""))
                subprocess.run(["bash", "-n"], input=script, text=True, check=True)
                for target in re.findall(r"\bmake ([a-z-]+)", script):
                    run("make", "-n", target, cwd=CHECKOUT)

    def test_every_form_can_be_filled_in(self):
        forms = [path for path in (CHECKOUT / ".github/ISSUE_TEMPLATE").glob("*.yml") if path.name != "config.yml"]
        self.assertEqual(len(forms), 2)
        for path in forms:
            form = self.yaml(path)
            self.assertTrue(form["name"] and form["description"], path)
            fields = [field for field in form["body"] if field["type"] != "markdown"]
            self.assertEqual(len({field["id"] for field in fields}), len(fields), path)
            self.assertTrue(all(field["attributes"]["label"] for field in fields), path)
        self.assertTrue(self.yaml("ISSUE_TEMPLATE/config.yml")["contact_links"])


class Installing(Release):
    def setUp(self):
        self.mirror = self.folder / self.id()
        run(CHECKOUT / "scripts/mirror", self.dist, self.mirror)

    def init(self, cli, installation, code=0, **environment):
        """The lock file that `init` writes."""
        with tempfile.TemporaryDirectory() as work:
            work = pathlib.Path(work)
            config = 'disable_checkpoint = true\n'
            if installation:
                config += "provider_installation {\n%s\n}\n" % installation
            (work / "cli.tfrc").write_text(config)
            source = 'terraform {\n  required_providers {\n    rdsauth = {\n      source = "rdsauth/rdsauth"\n    }\n  }\n}\n'
            (work / "main.tf").write_text(source)
            told = run(
                cli, "init", "-no-color", "-input=false", cwd=work, code=code,
                TF_CLI_CONFIG_FILE=str(work / "cli.tfrc"), **environment,
            )
            return (work / ".terraform.lock.hcl").read_text() if code == 0 else told.stderr

    def hashes(self):
        folder = self.mirror / "registry.terraform.io/rdsauth/rdsauth"
        self.assertEqual(json.loads((folder / "index.json").read_text()), {"versions": {VERSION: {}}})
        archive = json.loads((folder / ("%s.json" % VERSION)).read_text())["archives"][PLATFORM]
        self.assertEqual(archive["url"], ZIP)
        contents, whole = archive["hashes"]
        self.assertEqual(whole, "zh:%s" % hashlib.sha256((self.dist / ZIP).read_bytes()).hexdigest())
        return contents

    def test_from_a_filesystem_mirror(self):
        contents = self.hashes()
        for cli in CLIS:
            lock = self.init(cli, '  filesystem_mirror {\n    path = "%s"\n  }' % self.mirror)
            self.assertIn(contents, lock, cli)

    def test_from_a_network_mirror(self):
        contents = self.hashes()
        with served(self.mirror, self.folder) as (url, authority):
            installation = '  network_mirror {\n    url = "%s/"\n  }' % url
            for cli in CLIS:
                lock = self.init(cli, installation, SSL_CERT_FILE=str(authority))
                self.assertIn(contents, lock, cli)
            # The checksum is no decoration.
            for file in self.mirror.rglob("%s.json" % VERSION):
                file.write_text(re.sub('"zh:.|"h1:.', lambda it: it[0][:-1] + "#", file.read_text()))
            said = self.init(CLIS[0], installation, code=1, SSL_CERT_FILE=str(authority))
            self.assertRegex(said, "(?i)checksum|hash")

    def test_from_the_directory_that_init_looks_in(self):
        contents, home = self.hashes(), self.folder / "home"
        run(CHECKOUT / "scripts/install", self.dist / ZIP, home / ".terraform.d/plugins")
        for cli in CLIS:
            self.assertIn(contents, self.init(cli, None, HOME=str(home)), cli)
        other = self.folder / ("%s_plan9_mips.zip" % START)
        shutil.copy(self.dist / ZIP, other)
        told = run(CHECKOUT / "scripts/install", other, home / "other", code=1)
        self.assertIn("is no release of the provider for %s" % PLATFORM, told.stderr)
        self.assertFalse((home / "other").exists())

    def test_a_mirror_keeps_other_versions_and_platforms(self):
        more = self.folder / "more"
        more.mkdir()
        for name in ("terraform-provider-rdsauth_9.9.9_darwin_arm64.zip", "%s_darwin_arm64.zip" % START):
            shutil.copy(self.dist / ZIP, more / name)
        run(CHECKOUT / "scripts/mirror", more, self.mirror)
        for host in ("registry.terraform.io", "registry.opentofu.org"):
            folder = self.mirror / host / "rdsauth/rdsauth"
            self.assertEqual(set(json.loads((folder / "index.json").read_text())["versions"]), {VERSION, "9.9.9"})
            archives = json.loads((folder / ("%s.json" % VERSION)).read_text())["archives"]
            self.assertEqual(set(archives), {PLATFORM, "darwin_arm64"})
        told = run(CHECKOUT / "scripts/mirror", CHECKOUT / "scripts", self.mirror, code=1)
        self.assertIn("no zip of a release", told.stderr)


@contextlib.contextmanager
def served(mirror, folder):
    """An HTTPS server on loopback: its address, and the certificate to trust."""
    key, name = ec.generate_private_key(ec.SECP256R1()), x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "mirror")])
    now = datetime.datetime.now(datetime.timezone.utc)
    names = [x509.DNSName("localhost"), x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]
    certificate = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName(names), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    pem = certificate.public_bytes(serialization.Encoding.PEM)
    private = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    authority, both = folder / "authority.pem", folder / "both.pem"
    authority.write_bytes(pem)
    both.write_bytes(key.private_bytes(*private) + pem)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments):
            super().__init__(*arguments, directory=mirror)

        def log_message(self, *_):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(both)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield "https://localhost:%d" % server.server_port, authority
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


if __name__ == "__main__":
    unittest.main()
