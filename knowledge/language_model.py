"""Answers of a language model, from any server that speaks OpenAI's `POST /chat/completions`."""

from __future__ import annotations

import logging
import re
import threading
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

from knowledge.chat import Completion, Message, Picture
from knowledge.configuration import setting
from knowledge.errors import InputError, LanguageModelError, LanguageModelRefused, OutgoingError
from knowledge.model_servers import ModelServer
from knowledge.registry import load_llm

if TYPE_CHECKING:
    from knowledge.outgoing import HttpClient
    from knowledge.protocols import HttpAnswer, HttpPost, LanguageModel

KEY_VARIABLE: Final = "KNOWLEDGE_LLM_API_KEY"

_REFUSES_ALL: Final = frozenset({401, 402, 403, 404})
"""What is wrong then is the key, the account, the address or the model name, whatever is asked."""
_MOST_IN_VAIN: Final = 8
"""Calls without an answer in a row, each repeated as the client does: then the server is down or the quota used up,
and a long document would take hours to find that out."""
_UNKNOWN_PARAMETER: Final = frozenset({400, 422})
_NOT_TAKEN_CODES: Final = ("unsupported_parameter", "unsupported_value", "unknown_parameter")
"""OpenAI's `error.code` where `error.param` is a parameter that the model does not take."""
_NOT_TAKEN: Final = re.compile(
    r"unsupported|unknown|unexpected|unrecogni[sz]ed|extra inputs|extra_forbidden"
    r"|not (be )?(support|taken|allowed|permitted|recogni[sz]ed|accepted|known)",
    re.IGNORECASE,
)
"""What OpenAI, Azure, vLLM, Mistral, Groq and Google say of such a parameter."""
_NEEDED: Final = frozenset({"response_format"})
_DEFAULTS: Final[Mapping[str, Any]] = {"temperature": 0}
"""The same question is to have the same answer, as far as the server can."""
_log = logging.getLogger(__name__)


class OpenAIModel:
    """`openai:MODEL@BASE_URL`; the key, if the server wants one, is in KNOWLEDGE_LLM_API_KEY.

    `http` makes the client, which decides how long to wait and what to try again; it is called at the first
    question. Temperature 0 is asked for unless a call says otherwise. A parameter that the server says not to
    take is left out from then on: some models have one temperature only.
    """

    def __init__(self, argument: str, *, http: Callable[[], HttpPost]) -> None:
        self._server = ModelServer.named(
            argument,
            kind="language model",
            example="qwen3:8b@http://localhost:11434/v1",
            key_variable=KEY_VARIABLE,
        )
        self._url = f"{self._server.base_url}/chat/completions"
        self._not_taken: set[str] = set()
        self._in_vain = 0
        self._make_http = http
        self._http: HttpPost | None = None
        self._lock = threading.Lock()

    def complete(
        self, messages: Sequence[Message], parameters: Mapping[str, Any] | None = None
    ) -> Completion:
        """The first choice that the server gives, with the tokens that it counted.

        Raises `LanguageModelRefused` when the server answers nothing at all, else `LanguageModelError`.
        """
        completion = self._completion(self._answer(messages, {**_DEFAULTS, **(parameters or {})}))
        _log.info(
            "%s: %s tokens read, %s written",
            self._server.model,
            completion.prompt_tokens,
            completion.completion_tokens,
        )
        return completion

    def close(self) -> None:
        if self._http is not None:
            self._http.close()
            self._http = None

    def _answer(self, messages: Sequence[Message], parameters: Mapping[str, Any]) -> HttpAnswer:
        """An answer of status 200."""
        sent = self._taken(parameters)
        answer = self._ask(messages, sent)
        while answer.status in _UNKNOWN_PARAMETER and (named := _named_in(answer, sent)):
            _log.warning("model %r does not take %s; left out", self._server.model, ", ".join(named))
            self._not_taken.update(named)
            sent = self._taken(parameters)
            answer = self._ask(messages, sent)
        if answer.status == 429 or answer.status >= 500:
            raise self._in_vain_error(self._refusal(answer))
        if answer.status != 200:
            kind = LanguageModelRefused if answer.status in _REFUSES_ALL else LanguageModelError
            raise kind(self._refusal(answer))
        self._in_vain = 0
        return answer

    def _taken(self, parameters: Mapping[str, Any]) -> dict[str, Any]:
        """Without those that the server has refused, also to another thread."""
        return {name: value for name, value in parameters.items() if name not in self._not_taken}

    def _ask(self, messages: Sequence[Message], parameters: Mapping[str, Any]) -> HttpAnswer:
        said = [{"role": message.role, "content": _content(message)} for message in messages]
        body = {**parameters, "model": self._server.model, "messages": said}
        try:
            url = self._server.url("chat/completions")
            return self._opened().post_json(url, body, headers=self._server.headers, repeatable=True)
        except OutgoingError as error:
            raise self._in_vain_error(f"no answer of model {self._server.model!r}: {error}") from error
        except InputError as error:
            raise LanguageModelRefused(f"model {self._server.model!r} cannot be asked: {error}") from error

    def _opened(self) -> HttpPost:
        with self._lock:
            if self._http is None:
                self._http = self._make_http()
            return self._http

    def _completion(self, answer: HttpAnswer) -> Completion:
        try:
            body = answer.json()
            choice = body["choices"][0]
            text, reason = choice["message"]["content"], choice.get("finish_reason")
        except (AttributeError, IndexError, KeyError, TypeError, ValueError):
            said = answer.excerpt(self._server.key)
            raise LanguageModelError(
                self._told(
                    f"did not answer with a chat completion ({said})",
                    "check that it is an OpenAI-compatible server",
                )
            ) from None
        if not isinstance(text, str):
            raise LanguageModelError(
                self._told(f"answered no text (finish_reason {reason!r})", "check the model")
            )
        return Completion(
            text=text,
            is_cut_off=reason == "length",
            prompt_tokens=_tokens(body, "prompt_tokens"),
            completion_tokens=_tokens(body, "completion_tokens"),
        )

    def _refusal(self, answer: HttpAnswer) -> str:
        said = answer.excerpt(self._server.key)
        return self._told(f"answered {answer.status} ({said})", self._server.advice(answer.status))

    def _in_vain_error(self, message: str) -> LanguageModelError:
        """One call in vain is the trouble of that call, many in a row are that of the server."""
        with self._lock:
            self._in_vain += 1
            if self._in_vain < _MOST_IN_VAIN:
                return LanguageModelError(message)
        return LanguageModelRefused(f"{message} ({_MOST_IN_VAIN} calls in a row failed, no more are made)")

    def _told(self, what: str, advice: str) -> str:
        return f"{self._url} {what} for model {self._server.model!r}; {advice}"


def _named_in(answer: HttpAnswer, sent: Mapping[str, Any]) -> list[str]:
    """The parameters of this very call that the server does not know, or not with their value.

    Many refusals only mention one, as that of a text too long for `max_tokens`. So a name counts where the server
    puts it apart, as OpenAI does, or where a sentence says that it is not known. Without `response_format` the answer
    would be another one: its refusal is an error.
    """
    error = _error_of(answer)
    named = {error.get("param")} if error.get("code") in _NOT_TAKEN_CODES else set[Any]()
    for sentence in re.split(r"[.;!?]\s", answer.excerpt()):
        if _NOT_TAKEN.search(sentence):
            named.update(re.findall(r"\w+", sentence))
    return [name for name in sent if name in named and name not in _NEEDED]


def _error_of(answer: HttpAnswer) -> Mapping[str, Any]:
    """The `error` of OpenAI's API; an empty one where there is none."""
    try:
        found = answer.json()
    except ValueError:
        return {}
    error = found.get("error") if isinstance(found, Mapping) else None
    return error if isinstance(error, Mapping) else {}


def _content(message: Message) -> str | list[dict[str, Any]]:
    """A text, which every server takes, or parts where there are pictures."""
    if not message.pictures:
        return message.content
    words = [{"type": "text", "text": message.content}] if message.content.strip() else []
    return [*words, *map(_shown, message.pictures)]


def _shown(picture: Picture) -> dict[str, Any]:
    url = f"data:{picture.media_type};base64,{b64encode(picture.data).decode()}"
    return {"type": "image_url", "image_url": {"url": url, "detail": picture.detail}}


def _tokens(body: dict[str, Any], name: str) -> int | None:
    usage = body.get("usage")
    count = usage.get(name) if isinstance(usage, dict) else None
    return count if isinstance(count, int) else None


def llm_client() -> HttpClient:
    """For servers that the operator names. They compute in silence, so a silence may last as long as a call."""
    from knowledge.outgoing import HttpClient

    longest_s = setting("llm_timeout_s")
    return HttpClient.configured(public_only=False, total_s=longest_s, read_s=longest_s)


@contextmanager
def opened(spec: str | None) -> Iterator[LanguageModel | None]:
    """The model of a spec, its connections closed at the end; None without a spec.

    Raises `InputError` for a spec that there is not. Nothing is sent before the model is asked.
    """
    if spec is None:
        yield None
        return
    model = load_llm(spec, http=llm_client)
    try:
        yield model
    finally:
        model.close()
