from wikipayam_async.emulator import DEFAULT_LINES, Account


def test_a_reset_restores_the_opening_balance() -> None:
    """A reset restores the balance and empties the inbox; the token is not in the repr."""
    account = Account(
        token="secret", username="u", user_id=1, user_name="n", lines=DEFAULT_LINES, patterns={}, balance=10, price=1
    )
    inbox = account.inbox
    account.balance = 3
    account.reset()
    assert (account.balance, account.inbox is inbox) == (10, False)
    assert "secret" not in repr(account)
