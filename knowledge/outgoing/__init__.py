"""Calls to other servers: time limits, repetitions, redirects, proxies, certificates, allowed addresses.

Everything that leaves this machine goes through `HttpClient`. A URL that a user gives leads to public addresses only,
at every redirect. A URL that the operator configures (an embedding server, an external base) may lead anywhere;
redirects from there to other hosts lead to public addresses only. The connection goes to the very address that was
checked: a name is resolved once, when it is connected to. Through a proxy, names are the proxy's to resolve: what
resolves here is checked, the rest is left to the rules of the proxy.
"""

from knowledge.outgoing.client import Answer, HttpClient, Limits
from knowledge.outgoing.urls import one_line, parse_url, shown

__all__ = ["Answer", "HttpClient", "Limits", "one_line", "parse_url", "shown"]
