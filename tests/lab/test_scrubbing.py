from __future__ import annotations

import json
from urllib.parse import quote, quote_plus

import pytest

from tests.lab.conftest import TOKEN
from wikipayam_async.lab.scrubbing import TokenScrubber
from wikipayam_async.redact.sealed import Secret


@pytest.mark.parametrize("form", [TOKEN, quote(TOKEN, safe=""), quote_plus(TOKEN), json.dumps(TOKEN)])
def test_no_spelling_of_the_token_passes(form: str) -> None:
    """The token is replaced as it is, in a URL, in JSON, and in JSON within JSON."""
    clean = TokenScrubber(Secret(TOKEN)).clean
    assert json.loads(clean(json.dumps({"body": f"a {form} b"}).encode())) == {
        "body": f"a {form.replace(json.dumps(TOKEN)[1:-1], TOKEN).replace(TOKEN, '$SMS_AUTH_TOKEN')} b"
        if form not in {quote(TOKEN, safe=""), quote_plus(TOKEN)}
        else "a $SMS_AUTH_TOKEN b"
    }


def test_other_text_is_unchanged() -> None:
    """What has no token is left as it is."""
    assert TokenScrubber(Secret(TOKEN)).clean(b'{"a": 1}') == b'{"a": 1}'
