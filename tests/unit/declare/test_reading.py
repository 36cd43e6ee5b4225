import re
from typing import Any

import jsonschema_rs
import pytest

from trimtab.declare.declaration import Declaration, Resources, SecretKey, Volume
from trimtab.declare.reading import read_declaration, schema
from trimtab.declare.scaffold import APPLICATION
from trimtab.environment.fields import InvalidDeclaration
from trimtab.render.yaml import load
from trimtab.render.yaml_lines import load_located

HEAD = "apiVersion: trimtab.dev/v1alpha1\nkind: ApplicationDeclaration\n"
SMALL = HEAD + "name: web\nnamespace: shop\nimage: ghcr.io/acme/web:1.0.0\n"
ALL_OF_IT = re.sub(r"(?m)^# (?=[a-z]+:|  )", "", APPLICATION).replace("#   DATABASE_URL", "  DATABASE_URL")


def read(text: str) -> Declaration:
    return read_declaration(load_located(text, origin="web.yaml"))


def told(text: str) -> list[str]:
    with pytest.raises(InvalidDeclaration) as raised:
        read(text)
    return [str(problem) for problem in raised.value.problems]


def accepted_by_schema(text: str) -> bool:
    return bool(jsonschema_rs.validator_for(schema()).is_valid(load(text, origin="web.yaml")))


def test_the_scaffold_is_a_declaration_as_it_stands() -> None:
    declared = read(APPLICATION)
    assert (declared.name, declared.namespace, declared.port, declared.host) == ("web", "shop", 8080, "")
    assert accepted_by_schema(APPLICATION)


def test_all_that_the_scaffold_leaves_out_can_be_taken_in() -> None:
    declared = read(ALL_OF_IT)
    assert declared.host == "web.acme.example"
    assert declared.env == {"LOG_LEVEL": "info", "DATABASE_URL": SecretKey("web-database", "url")}
    assert declared.volumes == (Volume(name="data", path="/var/lib/web", size="1Gi", storage_class="standard"),)
    assert declared.prometheus == "/metrics"
    assert accepted_by_schema(ALL_OF_IT)


def test_the_scaffold_fits_a_terminal() -> None:
    assert max(len(line) for line in APPLICATION.splitlines()) <= 80


def test_little_is_enough() -> None:
    declared = read(SMALL)
    assert (declared.replicas, declared.port, declared.env, declared.volumes) == (1, 0, {}, ())
    assert declared.resources == Resources()
    assert accepted_by_schema(SMALL)


def test_all_problems_are_told_at_once() -> None:
    text = HEAD + "nme: Web\nnamespace: kube-system\nimage: web\nhost: https://x\nreplicas: -1\nvolumes: data\n"
    assert told(text) == [
        "web.yaml:1: name: is missing",
        "web.yaml:3: nme: is not known here; did you mean name?",
        "web.yaml:4: namespace: is Kubernetes' own: applications have no place there",
        "web.yaml:5: image: names no version: write IMAGE:TAG or IMAGE@sha256:…, else what runs changes unseen",
        "web.yaml:6: host: has to be a host name in lower case, like web.acme.example, without https://",
        "web.yaml:6: host: needs the port that the container listens on: add port",
        "web.yaml:7: replicas: has to be a whole number from 0 to 1000, not -1",
        "web.yaml:8: volumes: has to be a list, not a text",
    ]


BAD: dict[str, tuple[str, str]] = {
    "kind of Argo CD": (
        SMALL.replace("ApplicationDeclaration", "Application"),
        ":2: kind: has to be ApplicationDeclaration",
    ),
    "traversal in the name": (SMALL.replace("name: web\n", "name: ../../etc\n"), ":3: name: has to be a name"),
    "upper case": (SMALL.replace("name: web\n", "name: Web\n"), ":3: name: has to be a name"),
    "a dot": (SMALL.replace("name: web\n", "name: .\n"), ":3: name: has to be a name"),
    "long name": (SMALL.replace("name: web\n", f"name: {'w' * 54}\n"), ":3: name: has to be a name"),
    "newline at the end": (SMALL.replace("name: web\n", 'name: "web\\n"\n'), ":3: name: has to be a name"),
    "name is a number": (SMALL.replace("name: web\n", "name: 7\n"), ":3: name: has to be a text, not a number"),
    "traversal in the namespace": (SMALL.replace("shop", "../x"), ":4: namespace: has to be a name"),
    "image with blanks": (SMALL.replace("ghcr.io/acme/web:1.0.0", "a b:1"), ":5: image: has to be an image"),
    "image injects": (SMALL.replace("ghcr.io/acme/web:1.0.0", '"x:1\\nkind: Pod"'), ":5: image: has to be an image"),
    "port 0": (SMALL + "port: 0\n", ":6: port: has to be a whole number from 1 to 65535, not 0"),
    "port as text": (SMALL + "port: '80'\n", ":6: port: has to be a whole number from 1 to 65535, not a text"),
    "absurd replicas": (SMALL + "replicas: 1000000000\n", ":6: replicas: has to be a whole number from 0 to 1000"),
    "metrics without port": (SMALL + "prometheus: /metrics\n", ":6: prometheus: needs the port"),
    "no path": (SMALL + "port: 80\nprometheus: metrics\n", ":7: prometheus: has to be a path like /metrics"),
    "variable": (SMALL + "env:\n  LOG-LEVEL: info\n", ":7: env.LOG-LEVEL: has to be a name of letters"),
    "number": (SMALL + "env:\n  A: 1\n", ":7: env.A: has to be a text, not a number (put it in quotes)"),
    "boolean": (SMALL + "env:\n  A: no\n", ":7: env.A: has to be a text, not true or false (put it in quotes)"),
    "nothing": (SMALL + "env:\n  A:\n", ":7: env.A: has to be a text, not empty"),
    "list": (SMALL + "env:\n  A: [b]\n", ":7: env.A: has to be a text, not a list"),
    "list of variables": (SMALL + "env: [{name: A, value: b}]\n", ":6: env: has to be a mapping, not a list"),
    "secret without key": (SMALL + "env:\n  A: {secret: web}\n", ":7: env.A.key: is missing"),
    "secret with value": (SMALL + "env:\n  A: {secret: web, key: a, value: b}\n", ":7: env.A.value: is not known"),
    "long value": (SMALL + f"env:\n  A: {'x' * 100_001}\n", ":7: env.A: is longer than 100000 characters"),
    "many variables": (
        SMALL + "env:\n" + "".join(f"  A{n}: x\n" for n in range(501)),
        ":6: env: has 501 variables; 500 are the most",
    ),
    "volume": (SMALL + "volumes:\n- {name: a, path: /a}\n", ":7: volumes[0].size: is missing"),
    "relative": (SMALL + "volumes:\n- {name: a, path: a, size: 1Gi}\n", ":7: volumes[0].path: has to be a folder"),
    "up": (SMALL + "volumes:\n- {name: a, path: /a/../b, size: 1Gi}\n", ":7: volumes[0].path: has to be a folder"),
    "size": (SMALL + "volumes:\n- {name: a, path: /a, size: big}\n", ":7: volumes[0].size: has to be a quantity"),
    "no size": (SMALL + "volumes:\n- {name: a, path: /a, size: '0'}\n", ":7: volumes[0].size: has to be a quantity"),
    "access": (
        SMALL + "volumes:\n- {name: a, path: /a, size: 1Gi, access: ReadWriteAny}\n",
        ":7: volumes[0].access: has to be one of ReadWriteOnce, ReadWriteOncePod, ReadWriteMany, ReadOnlyMany; "
        "did you mean ReadWriteMany?",
    ),
    "same volume": (
        SMALL + "volumes:\n- {name: a, path: /a, size: 1Gi}\n- {name: a, path: /a/, size: 1Gi}\n",
        ":8: volumes[1].name: a is that of another volume, too",
    ),
    "shared disk": (
        SMALL + "replicas: 2\nvolumes:\n- {name: a, path: /a, size: 1Gi}\n",
        ":8: volumes[0]: 2 replicas cannot share it: set access: ReadWriteMany, or replicas: 1",
    ),
    "more than allowed": (
        SMALL + "resources:\n  requests: {memory: 1Gi}\n  limits: {memory: 1000M}\n",
        ":7: resources.requests.memory: is more than the limit 1000M",
    ),
    "twice": (SMALL + "image: x:1\n", ":6: image: is given twice: keep one of them"),
    "list for all": ("- web\n", ":1: has to be a mapping, not a list"),
    "nothing at all": ("", ":1: name: is missing"),
}
BEYOND_A_SCHEMA = {
    "long value",
    "many variables",
    "metrics without port",
    "more than allowed",
    "no size",
    "same volume",
    "shared disk",
    "twice",
    "up",
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_wrong_is_told_with_its_line(name: str) -> None:
    text, expected = BAD[name]
    assert [line for line in told(text) if f"web.yaml{expected}" in line], told(text)


@pytest.mark.parametrize("name", sorted(BAD.keys() - BEYOND_A_SCHEMA))
def test_the_schema_refuses_it_too(name: str) -> None:
    assert not accepted_by_schema(BAD[name][0])


@pytest.mark.parametrize(
    "image",
    [
        "nginx:1.27",
        "localhost:5000/web:v1",
        "ghcr.io/acme/shop/web:1.0.0-rc.1",
        "registry.acme.example:443/a_b/c--d:X",
        f"ghcr.io/acme/web@sha256:{'0' * 64}",
        f"ghcr.io/acme/web:1.0@sha256:{'a' * 64}",
    ],
)
def test_images_are_known(image: str) -> None:
    text = SMALL.replace("ghcr.io/acme/web:1.0.0", image)
    assert read(text).image == image
    assert accepted_by_schema(text)


@pytest.mark.parametrize(("less", "more"), [("500m", "1"), ("1023Ki", "1Mi"), ("1M", "1Mi"), ("0.5", "501m")])
def test_amounts_are_compared_as_numbers(less: str, more: str) -> None:
    def asked(requests: str, limits: str) -> str:
        return SMALL + f"resources: {{requests: {{cpu: '{requests}'}}, limits: {{cpu: '{limits}'}}}}\n"

    assert read(asked(less, more)).resources.limits.cpu == more
    assert "is more than the limit" in told(asked(more, less))[0]


def test_the_schema_says_what_each_key_is() -> None:
    made: Any = schema()
    assert made["title"] == "ApplicationDeclaration"
    silent = [
        f"{name}.{key}"
        for name, definition in made["$defs"].items()
        for key, value in definition["properties"].items()
        if key not in ("apiVersion", "kind") and "description" not in value
    ]
    assert silent == []
