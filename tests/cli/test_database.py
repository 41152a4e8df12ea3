from __future__ import annotations

import sys

import pytest

from tests.cli.conftest import PASSWORD, Run
from wikipayam_async.cli.database import find_database
from wikipayam_async.errors import ConfigurationError

URL = f"postgresql://sms:{PASSWORD}@db.internal/sms"


def test_the_option_goes_before_the_environment() -> None:
    """An empty variable counts as unset; the URL is in no text."""
    assert find_database(None, {}) is None
    assert find_database(None, {"WIKIPAYAM_DATABASE_URL": ""}) is None
    given = find_database(URL, {"WIKIPAYAM_DATABASE_URL": "postgres://x"})
    found = find_database(None, {"WIKIPAYAM_DATABASE_URL": URL})
    assert given is not None
    assert found is not None
    assert (given.url.reveal(), given.from_environment, found.url.reveal(), found.from_environment) == (
        URL, False, URL, True,
    )  # fmt: skip
    assert PASSWORD not in repr(given)


def test_another_url_is_an_error_that_does_not_quote_it() -> None:
    """It may have a password."""
    with pytest.raises(ConfigurationError, match="expected a URL such as postgresql://user@host/sms") as caught:
        find_database(f"mysql://sms:{PASSWORD}@db/sms")
    assert PASSWORD not in str(caught.value)


def test_the_error_without_the_extra_says_what_to_install(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is a usage error."""
    monkeypatch.setitem(sys.modules, "wikipayam_async.integrations.procrastinate", None)
    monkeypatch.delitem(sys.modules, "wikipayam_async.integrations.procrastinate.journal", raising=False)
    ended = run("campaign", "status", "--database", URL, "--name", "eid")
    assert (ended.code, ended.err) == (
        2, "error: --database: needs an extra: python -m pip install 'wikipayam_async[cli,distributed]'\n",
    )  # fmt: skip


@pytest.mark.parametrize(
    "words",
    [
        ("campaign", "status", "--databse", URL),
        ("campaign", "status", "--database", URL, "--database", URL, "--name", "eid"),
        ("campaign", "status", "--name", "eid", "--database", URL, "--json", URL, URL),
        ("campaign", "status", "--database", URL, "--name"),
        ("campaign", "status", "--database", URL.replace("postgresql", "mysql"), "--name", "eid"),
        ("campaign", "status", URL, "--name", "eid"),
        ("campaign", "status", URL),
        ("worker", URL),
        ("worker", "--database", URL, "--concurrency", "x"),
        ("doctor", "--database", URL, "--timeout", "x"),
    ],
    ids=range(10),
)
def test_no_mistake_shows_the_password(run: Run, words: tuple[str, ...]) -> None:
    """Not even one that the parser of the command line reports."""
    ended = run(*words)
    assert (ended.code, PASSWORD in ended.out + ended.err) == (2, False)
