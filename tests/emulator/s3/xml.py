"""XML as S3 writes and reads it: elements without attributes, one namespace, nothing unknown accepted."""

import re
import typing
from xml.etree import ElementTree

from . import errors

NAMESPACE = "http://s3.amazonaws.com/doc/2006-03-01/"
DECLARATION = '<?xml version="1.0" encoding="UTF-8"?>\n'

# What an element holds: text, a number, a truth value, children in order, or nothing (it is left out).
Content = typing.Union[None, str, int, bool, "list[tuple[str, Content]]"]

_SPECIAL = re.compile("[&<>\"\x00-\x08\x0a-\x1f]")
_NAMED = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;"}


def escape(text: str) -> str:
    """Control characters become references, also those that XML 1.0 forbids: so does S3, which is why
    clients list with encoding-type=url."""
    return _SPECIAL.sub(lambda match: _NAMED.get(match[0]) or f"&#x{ord(match[0]):x};", text)


def document(root: str, children: "list[tuple[str, Content]]", namespace: str = NAMESPACE) -> bytes:
    """What is not UTF-8, a byte of a header field that an error repeats, becomes a question mark."""
    return (DECLARATION + fragment(root, children, namespace)).encode("utf-8", "replace")


def fragment(root: str, children: "list[tuple[str, Content]]", namespace: str = NAMESPACE) -> str:
    """The document without its declaration."""
    out: list[str] = [f'<{root} xmlns="{namespace}">' if namespace else f"<{root}>"]
    for name, content in children:
        _write(out, name, content)
    out.append(f"</{root}>")
    return "".join(out)


def _write(out: list[str], name: str, content: Content) -> None:
    if content is None:
        return
    out.append(f"<{name}>")
    if isinstance(content, list):
        for child_name, child in content:
            _write(out, child_name, child)
    elif isinstance(content, bool):
        out.append("true" if content else "false")
    else:
        out.append(escape(str(content)))
    out.append(f"</{name}>")


def parse(data: bytes, root: str) -> ElementTree.Element:
    """The document with namespaces taken off. A DTD is refused: entities have no place in a request."""
    if b"<!DOCTYPE" in data:
        raise errors.malformed_xml("a document type is not allowed")
    try:
        tree = ElementTree.fromstring(data)
    except (ElementTree.ParseError, ValueError, LookupError) as error:
        raise errors.malformed_xml(str(error)) from error
    for element in tree.iter():
        element.tag = element.tag.rpartition("}")[2]
    if tree.tag != root:
        raise errors.malformed_xml(f"expected {root}, found {tree.tag}")
    return tree


def expect_children(element: ElementTree.Element, *names: str) -> None:
    """Refuses elements that the caller does not know, so that no setting is lost unseen."""
    for child in element:
        if child.tag not in names:
            raise errors.malformed_xml(f"{child.tag} is not known inside {element.tag}")


def text(element: ElementTree.Element, name: str) -> str | None:
    """The text of a child that may be there once; None if it is not."""
    found = element.findall(name)
    if len(found) > 1:
        raise errors.malformed_xml(f"{name} occurs twice inside {element.tag}")
    return (found[0].text or "") if found else None


def required(element: ElementTree.Element, name: str) -> str:
    value = text(element, name)
    if not value:
        raise errors.malformed_xml(f"{element.tag} needs {name}")
    return value
