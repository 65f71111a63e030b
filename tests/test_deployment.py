"""The files for systemd, Docker and nginx, and what the documents say of them."""

import configparser
import json
import re
import shlex
from pathlib import PurePosixPath

import pytest

from commentnlp.cli import _parser
from commentnlp.service.settings import settings_of

from .conftest import ROOT

FILES = ROOT / "docs" / "deployment"
UNITS = sorted(path.name for path in FILES.iterdir() if path.suffix in (".service", ".timer"))
DOCUMENTS = ["deployment.md", "deployment.zh-CN.md"]


class Lines(dict):
    """A section in which a name may come several times."""

    def __setitem__(self, name, value):
        if name in self and isinstance(value, list):
            self[name].extend(value)
        else:
            super().__setitem__(name, value)


def unit(name):
    parser = configparser.RawConfigParser(
        dict_type=Lines, strict=False, empty_lines_in_values=False, delimiters=("=",)
    )
    parser.optionxform = str
    parser.read(FILES / name, encoding="utf-8")
    return {section: dict(parser.items(section)) for section in parser.sections()}


def commands(service):
    """Command lines of a service, those of ours as arguments."""
    names = ("ExecStart", "ExecStartPre", "ExecStartPost")
    lines = [line for name in names for line in service.get(name, "").splitlines() if line]
    return [shlex.split(line) for line in lines]


def ours(command):
    return PurePosixPath(command[0]).name == "commentnlp"


def check(arguments):
    """See that a command line of ours is one."""
    options = _parser().parse_args(arguments)
    assert callable(options.run)


@pytest.mark.parametrize("name", UNITS)
def test_units(name):
    sections = unit(name)
    assert sections["Unit"]["Description"]
    if name.endswith(".timer"):
        assert (FILES / name.replace(".timer", ".service")).is_file()
        assert sections["Timer"]["OnCalendar"]
        assert sections["Install"]["WantedBy"] == "timers.target"
        return
    service = sections["Service"]
    found = commands(service)
    assert any(map(ours, found))
    for command in found:
        assert command[0].startswith("/")
        if ours(command):
            check(command[1:])
    # what is written is written where the unit may
    written = {word for command in found for word in command if word.endswith(".db")}
    states = [f"/var/lib/{one}" for one in service["StateDirectory"].split()]
    assert all(
        any(path.startswith(state) for state in states) for path in written if path[0] == "/"
    )
    assert service["User"] == "commentnlp"
    assert service["UMask"] == "0077"


def test_settings_in_the_files_are_settings():
    environment = dict(
        line.split("=", 1)
        for line in (FILES / "commentnlp.env").read_text(encoding="utf-8").splitlines()
        if line and not line.startswith("#")
    )
    assert "COMMENTNLP_TOKEN" in environment
    settings = settings_of(environment)
    assert settings.url == "https://live.example.com"
    assert settings.keep_days == 90
    image = (FILES / "Dockerfile").read_text(encoding="utf-8")
    found = dict(re.findall(r"(COMMENTNLP_\w+)=(\S+)", image))
    assert settings_of(found).log_format == "json"


def test_the_image():
    lines = (FILES / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ").splitlines()
    steps = [line.split(maxsplit=1) for line in lines if line and not line.startswith("#")]
    assert steps[0][0] == "FROM"
    assert [rest for step, rest in steps if step == "USER"] == ["commentnlp"]
    [command] = [json.loads(rest) for step, rest in steps if step == "CMD"]
    assert command[0] == "commentnlp"
    check(command[1:])
    [health] = [rest.partition("CMD ")[2] for step, rest in steps if step == "HEALTHCHECK"]
    probe = json.loads(health)
    compile(probe[2], "HEALTHCHECK", "exec")
    assert "/health/ready" in probe[2]
    ignored = (FILES / "Dockerfile.dockerignore").read_text(encoding="utf-8").split()
    for needed in ("commentnlp", "models", "training_data", "pyproject.toml", "README.md"):
        assert needed not in ignored  # the package is built of them


def test_the_composition():
    yaml = pytest.importorskip("yaml")
    told = yaml.safe_load((FILES / "compose.yaml").read_text(encoding="utf-8"))
    [service] = told["services"].values()
    assert (FILES / service["build"]["context"]).resolve() == ROOT
    assert (ROOT / service["build"]["dockerfile"]).is_file()
    assert service["ports"] == ["127.0.0.1:8000:8000"]
    [volume] = service["volumes"]
    assert volume.split(":")[0] in told["volumes"]
    names = {name: "" for name in service["environment"] if name.startswith("COMMENTNLP_")}
    assert "COMMENTNLP_TOKEN" in names
    settings_of(names)  # all of them are settings


def test_the_proxy_is_the_documented_one():
    whole = (FILES / "nginx.conf").read_text(encoding="utf-8")
    for name in ("service.md", "service.zh-CN.md"):
        text = (ROOT / "docs" / name).read_text(encoding="utf-8")
        [shown] = re.findall(r"```nginx\n(.*?)```", text, re.S)
        lines = [line.strip() for line in whole.splitlines()]
        assert [line.strip() for line in shown.splitlines() if line.strip() not in lines] == []
    assert whole.count("{") == whole.count("}")


def document(name):
    return (ROOT / "docs" / name).read_text(encoding="utf-8")


def test_both_documents_show_the_same_commands():
    shown = [re.findall(r"```sh\n(.*?)```", document(name), re.S) for name in DOCUMENTS]
    assert shown[0] == shown[1]
    assert len(shown[0]) >= 5


@pytest.mark.parametrize("name", DOCUMENTS)
def test_what_the_documents_name_is_there(name):
    text = document(name)
    for target in re.findall(r"\]\(([^)#]+)", text):
        if not target.startswith("http"):
            assert (ROOT / "docs" / target).exists(), target
    for path in re.findall(r"docs/deployment/[\w.-]+", text):
        assert (ROOT / path).is_file(), path
    for path in FILES.iterdir():
        assert path.name in text or path.name == "Dockerfile.dockerignore", path.name
    lines = "".join(re.findall(r"```sh\n(.*?)```", text, re.S)).splitlines()
    found = [
        re.search(r"(?:/opt/commentnlp/bin/|exec commentnlp )commentnlp (.*)", x) for x in lines
    ]
    verbs = [match[1].split() for match in found if match]
    assert len(verbs) >= 3
    for arguments in verbs:
        check(arguments)


@pytest.mark.parametrize(("name", "other"), [("service.md", "service.zh-CN.md")])
def test_the_documents_of_the_service_show_the_same(name, other):
    blocks = [
        re.findall(r"```(?:sh|python|nginx)\n.*?```", document(x), re.S) for x in (name, other)
    ]
    assert blocks[0] == blocks[1]
    for line in re.findall(r"^python -m commentnlp (\w[^\n]*)", document(name), re.M):
        check(shlex.split(line))
