"""Checks that tell a secret from what only looks like one; each looks at one match of its pattern."""

from __future__ import annotations

import ipaddress
import re
import socket
from typing import TYPE_CHECKING

from errtally.event.scrub.catalogue import rules
from errtally.event.scrub.token_checks import TOKEN_CHECKS

if TYPE_CHECKING:
    from collections.abc import Callable

_LUHN_DOUBLED = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_ISSUERS = tuple(
    (int(low), int(high), len(low), frozenset(entry["lengths"]))
    for entry in rules()["card_issuers"]
    for low, high in [entry["prefix"]]
)
_IBAN_LENGTHS: dict[str, int] = rules()["iban_lengths"]
_PRIVATE = tuple(
    (network.version, int(network.network_address), int(network.netmask))
    for network in map(ipaddress.ip_network, rules()["private_networks"])
)
_OCTET_MAX = 255
_NO_SEPARATORS = {ord(char): None for char in " -._/\u00a0\u202f\u2013"}
_SIGNS_OF_NOBODY = 2
_BYTES = re.compile(r"[0-9A-Fa-f]{2}(?::[0-9A-Fa-f]{2})+")
_VERSION_BEFORE = re.compile(
    r"(?:[A-Za-z0-9]/|[-@~^]|[=<>~^!]=[ ]?|[(][=<>~][ ]|:(?<=jar:|rpm:|gem:|pkg:|lib:)"
    rf"|\b(?:{rules()['version_words']})s?[ :=]{{1,2}}(?:(?:from|to|is|than)[ ])?)\Z",
    re.IGNORECASE,
)
_PRODUCT_BEFORE = re.compile(rf"\b(?:{rules()['products']})[ ]\Z", re.IGNORECASE)
_COMPONENT_BEFORE = re.compile(
    r"(?:\b[A-Z][A-Za-z0-9]{0,40}(?:\.[A-Z][A-Za-z0-9]{0,40}){1,6}"
    r"|\.(?:dll|exe|so|jar|sys|dylib|msi|nupkg|gem|whl))[ ]{1,2}v?\Z"
)
_DATABASE_CLIENT = re.compile(r"\b(?:mysql\w*|mariadb[\w-]*|psql)\b")
_SERIAL_BEFORE = re.compile(r"\b(?:serial(?: number)?|fingerprint|sha-?1|md5)[ :=]{1,3}\Z", re.IGNORECASE)
_UPGRADE_BEFORE = re.compile(r"\b(?:up|down)grad\w{0,6} |\bmigrat\w{0,6} ", re.IGNORECASE)
_VERSION_AFTER = re.compile(r"[-+~](?:[A-Za-z]|[0-9]{1,3}[a-z])")
_SOURCE_POSITION = re.compile(r"(?:m?js|[jt]sx?|py|vue)$")
_FILE_NAME = re.compile(rf"@[0-9]x\.|\.(?:{'|'.join(rules()['file_endings'])})\Z", re.IGNORECASE)
_OTHER_NUMBER_BEFORE = re.compile(
    r"\b(?:part|order|invoice|ticket|item|sku|ref|case|serial|model|phone|tel|fax|call|no|nr|number|mobile)s?"
    r"[ .:#]{1,3}\Z",
    re.IGNORECASE,
)
_SOCIAL_BEFORE = re.compile(
    r"\b(?:ssn|social(?: security)?(?: (?:number|no))?|tax ?id|tin)[ .:#='\"]{0,4}\Z", re.IGNORECASE
)
_FICTIONAL_AREA = "555"
_ALGORITHMS = ("@openssh.com", "@libssh.org")
"""Ends of names of SSH's algorithms and requests (RFC 4251, 6)."""
_MESSAGE_ID_BEFORE = re.compile(r"(?i:message-id: ?<|in-reply-to: ?<)\Z")
_GRANT = re.compile(r"oauth|callback|authoriz|redirect|sso|signin|login|saml|oidc|state=|grant_type=", re.IGNORECASE)
_CODE_SURE_LENGTH = 20
_ENDING_LIMIT = 64
_GRANT_WINDOW = 512


def is_card_number(digits: str) -> bool:
    """Say whether digits are a payment card's: issuer's prefix, its length, and the Luhn sum."""
    if not any(low <= int(digits[:size]) <= high and len(digits) in lengths for low, high, size, lengths in _ISSUERS):
        return False
    total = sum(int(digit) for digit in digits[-1::-2]) + sum(_LUHN_DOUBLED[int(digit)] for digit in digits[-2::-2])
    return total % 10 == 0


def card(match: re.Match[str]) -> bool:
    """A card number, with or without spaces or dashes, that is no part of a longer run of digits."""
    start, end = match.span()
    text = match.string
    before = text[max(0, start - 2) : start]
    after = text[end : end + 2]
    if before[-1:] == "-" and not before[:1].isalnum():
        return False  # a negative number
    if (before[-1:] in {" ", "-"} and before[:1].isdigit() and len(before) > 1) or (
        after[:1] in {" ", "-"} and after[1:].isdigit()
    ):
        return False
    return is_card_number(match.group().translate(_NO_SEPARATORS))


def iban(match: re.Match[str]) -> bool:
    """An account number whose length fits its country and whose remainder by 97 is 1 (ISO 13616)."""
    number = match.group().translate(_NO_SEPARATORS)
    if _IBAN_LENGTHS.get(number[:2]) != len(number):
        return False
    return int("".join(str(int(char, 36)) for char in number[4:] + number[:4])) % 97 == 1


def ssn(match: re.Match[str]) -> bool:
    """A US social security number: area not 000, 666 or 9xx, group not 00, serial not 0000; no part or phone number."""
    area, group, serial = match.group().split("-")
    before = match.string[max(0, match.start() - 24) : match.start()]
    if _OTHER_NUMBER_BEFORE.search(before) or (area == _FICTIONAL_AREA and not _SOCIAL_BEFORE.search(before)):
        return False
    return area not in {"000", "666"} and area < "900" and group != "00" and serial != "0000"


def email(match: re.Match[str]) -> bool:
    """An address of a person, not `git@host`, `icon@2x.png`, `getty@tty1.service` nor Firefox's `fn@file.js:1:2`."""
    text = match.group()
    if text.startswith("git@") or text.endswith(_ALGORITHMS) or _FILE_NAME.search(text[-_ENDING_LIMIT:]):
        return False
    if _MESSAGE_ID_BEFORE.search(match.string, max(0, match.start() - 16), match.start()):
        return False
    if match.string[max(0, match.start() - 3) : match.start()] == "://":
        return False  # the user of an address, which has a rule of its own
    return not (match.string[match.end() : match.end() + 1] == ":" and _SOURCE_POSITION.search(text))


def oauth_code(match: re.Match[str]) -> bool:
    """The code of an authorization grant: a long one, or one in an address that speaks of logging in."""
    code = match.group().rpartition("=")[2] if match.group().count("=") == 1 else match.group().partition("=")[2]
    if not any(map(str.isdigit, code)) and not (code.lower() != code != code.upper()):
        return False
    if len(code) >= _CODE_SURE_LENGTH:
        return True
    around = match.string[max(0, match.start() - _GRANT_WINDOW) : match.end() + _GRANT_WINDOW]
    return _GRANT.search(around) is not None


def no_port(match: re.Match[str]) -> bool:
    """Behind ``-p``: a password, not a port, a process or a mapping of ports, nor the database that mysql has there."""
    if _DATABASE_CLIENT.search(match.string, max(0, match.start() - 64), match.start()):
        return False
    value = match.group()[len(match.group(1)) :].strip("'\"")
    return not value.replace(":", "").replace(".", "").replace("/", "").isdigit()


def mac(match: re.Match[str]) -> bool:
    """A hardware address, not a serial number nor everybody's (`ff:ff:...`) or nobody's.

    With dashes it must have a letter, or it is a date and time.
    """
    text = match.group()
    if text[:2].lower() in {"00", "ff"} and len(set(text.lower())) <= _SIGNS_OF_NOBODY:
        return False
    if _SERIAL_BEFORE.search(match.string[max(0, match.start() - 24) : match.start()]):
        return False
    return ":" in text or not text.replace("-", "").isdigit()


def ipv4(match: re.Match[str]) -> bool:
    """An IPv4 address with octets up to 255 that is neither a version number nor a network (`203.0.113.0`)."""
    octets = match.group().split(".")
    if octets[-1] == "0" or any(int(octet) > _OCTET_MAX for octet in octets):
        return False
    before = match.string[max(0, match.start() - 48) : match.start()]
    if _VERSION_AFTER.match(match.string, match.end()):
        return False
    if _COMPONENT_BEFORE.search(before):
        return False
    return not (_VERSION_BEFORE.search(before) or _PRODUCT_BEFORE.search(before) or _UPGRADE_BEFORE.search(before))


def ipv6(match: re.Match[str]) -> bool:
    """An IPv6 address, not bytes in a row; it needs a digit, because `Cafe::Bad` is a name in several languages."""
    text = _ipv6_text(match)
    if _BYTES.fullmatch(text) or not any(char.isdigit() for char in text):
        return False
    try:
        socket.inet_pton(socket.AF_INET6, text)
    except OSError:
        return False
    return True


def _ipv6_text(match: re.Match[str]) -> str:
    """The address of a match without its zone."""
    return match.group().partition("%")[0]


def public_ipv4(match: re.Match[str]) -> bool:
    """An IPv4 address that is not of a private network."""
    return ipv4(match) and is_public(match.group())


def public_ipv6(match: re.Match[str]) -> bool:
    """An IPv6 address that is not of a private network."""
    return ipv6(match) and is_public(_ipv6_text(match))


def is_public(address: str) -> bool:
    """Say whether an address can belong to a person somewhere; one that can't be read counts as public."""
    try:
        parsed = ipaddress.ip_address(address)
    except ValueError:
        return True
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    number = int(parsed)
    return not any(parsed.version == version and number & mask == network for version, network, mask in _PRIVATE)


CHECKS: dict[str, Callable[[re.Match[str]], bool]] = {
    check.__name__: check for check in (*TOKEN_CHECKS, card, iban, ssn, email, mac, no_port, oauth_code, ipv4, ipv6)
}
"""Checks by the name that rules.json uses."""

PUBLIC_ONLY: dict[str, Callable[[re.Match[str]], bool]] = {"ipv4": public_ipv4, "ipv6": public_ipv6}
"""What takes a check's place when only public addresses are redacted."""
