"""What the templates take for a network, and for one inside another, is what Python's ipaddress takes for it."""

from __future__ import annotations

import ipaddress
import json
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from chart_harness.helm import Helm

Networks = dict[str, str]

CHART = "apiVersion: v2\nname: addresses\nversion: 1.0.0\n"
PAGE = '{{- range .Values.cases }}\n{{ . | quote }}: {{ include "metrics.v1.network" . | quote }}\n{{- end }}\n'
SPELLINGS = """
0.0.0.0/0 ::/0 ::1/128 10.0.0.5/8 999.1.1.1/8 256.0.0.0/8 10.0.0.0/33 10.0.0.0/-1 1.2.3/8 1.2.3.4.5/8 fe80::/10 ::/129 1::2::3/64
:::/10 1:2:3:4:5:6:7:8/128 1:2:3:4:5:6:7::/112 ::2:3:4:5:6:7:8/128 1:2:3:4:5:6:7:8::/128 1:2:3:4::5:6:7:8/128 010.0.0.0/8 g::/16
12345::/16 1:2:3:4:5:6:7/128 / /8 ::/ 1:::2/64 :1::/16 1:/16 ::1:/128 2001:DB8::/32 10.0.0.0/8/8 /10.0.0.0/8 ::ffff:0:0/96 a/b/8
10.0.0.0/8. 10.0.0.0/a 1.2.3.4/032 0.0.0.0/99999999999999999999
"""
ODD = SPELLINGS.split()


@pytest.fixture(scope="module")
def networks(root: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[list[str]], Networks]:
    """Each text with its bits, as the template has them; no bits for what is no network."""
    chart = tmp_path_factory.mktemp("addresses")
    (chart / "templates").mkdir()
    (chart / "Chart.yaml").write_text(CHART)
    (chart / "templates" / "page.yaml").write_text(PAGE)
    template = (root / "charts" / "metrics" / "templates" / "_validate_policy_addresses.tpl").read_text()
    (chart / "templates" / "_addresses.tpl").write_text(template)

    def asked(cases: list[str]) -> Networks:
        page = Helm().run(["template", "x", str(chart), "-f", "-"], stdin=json.dumps({"cases": cases}))
        found: Networks = yaml.safe_load(page)
        assert sorted(found) == sorted(cases)
        return found

    return asked


def drawn(seed: int, count: int) -> list[str]:
    """Networks and near misses of both families, in several spellings."""
    chance = random.Random(seed)
    cases = set()
    for _ in range(count):
        for family, bits in ((ipaddress.IPv4Address, 32), (ipaddress.IPv6Address, 128)):
            length, value = chance.randint(0, bits), chance.getrandbits(bits)
            if bits == 128 and chance.random() < 0.5:
                value &= 0xFFFF0000FFFF00000000FFFF00000000  # so that `::` has something to stand for
            if chance.random() < 0.8:
                value = value >> (bits - length) << (bits - length)
            address = family(value)
            spelling = chance.choice([address.compressed, address.exploded, address.compressed.upper()])
            cases.add(f"{spelling}/{length}")
    return sorted(cases)


def bits(case: str) -> str:
    """What the template should say of a text."""
    address, slash, length = case.partition("/")
    if not slash or length != str(int(length) if length.isdecimal() else ""):
        return ""
    try:
        network = ipaddress.ip_network(f"{address}/{length}")
    except ValueError:
        return ""
    return f"{network.version}:{int(network.network_address):0{network.max_prefixlen}b}"[: 2 + network.prefixlen]


def test_odd_spellings(networks: Callable[[list[str]], Networks]) -> None:
    found = networks(ODD)
    assert found == {case: bits(case) for case in ODD}
    assert [case for case in ODD if found[case]] == [
        *("0.0.0.0/0", "::/0", "::1/128", "fe80::/10", "1:2:3:4:5:6:7:8/128", "1:2:3:4:5:6:7::/112"),
        *("::2:3:4:5:6:7:8/128", "2001:DB8::/32", "::ffff:0:0/96"),
    ]


@pytest.mark.parametrize("seed", range(3))
def test_any_spelling(networks: Callable[[list[str]], Networks], seed: int) -> None:
    cases = drawn(seed, 200)
    found = networks(cases)
    assert found == {case: bits(case) for case in cases}
    assert 200 < len([case for case in cases if found[case]]) < len(cases)


def test_one_inside_another(networks: Callable[[list[str]], Networks]) -> None:
    chance = random.Random(4)
    outer = [case for case in drawn(4, 400) if bits(case) and int(case.partition("/")[2]) < 12]
    pairs = [(a, chance.choice(outer)) for a in outer]
    pairs += [(f"{ipaddress.ip_network(b).network_address}/{ipaddress.ip_network(b).prefixlen + 4}", b) for b in outer]
    found = networks(sorted({case for pair in pairs for case in pair}))
    inside = [(a, b) for a, b in pairs if found[a].startswith(found[b])]
    expected = [
        (a, b)
        for a, b in pairs
        if ipaddress.ip_network(a).version == ipaddress.ip_network(b).version
        and ipaddress.ip_network(a).subnet_of(ipaddress.ip_network(b))  # type: ignore[arg-type]
    ]
    assert inside == expected
    assert len(outer) <= len(inside) < len(pairs)
