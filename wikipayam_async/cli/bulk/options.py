"""The arguments of `wikipayam bulk`, in groups."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from attrs import frozen
from cyclopts import Parameter

from wikipayam_async.bulk.options import DEFAULT_BATCH_SIZE
from wikipayam_async.bulk.screening import Dedupe
from wikipayam_async.cli.bulk.columns import TextOptions
from wikipayam_async.cli.bulk.tables import FileOptions
from wikipayam_async.cli.campaign.locations import FileLocation, campaign_path
from wikipayam_async.cli.campaign.options import ConfirmationOptions, SendingOptions
from wikipayam_async.cli.session import GatewayOptions
from wikipayam_async.cli.values import WholeNumber
from wikipayam_async.errors import InvalidInputError
from wikipayam_async.optout import OptOutList

__all__ = ["BulkCommandOptions", "PlanningOptions"]


@Parameter(name="*")
@frozen(kw_only=True)
class PlanningOptions:
    """What to plan."""

    dry_run: Annotated[bool, Parameter(negative="")] = False
    """Check the file, show parts and cost, and send nothing."""
    skip_bad_rows: Annotated[bool, Parameter(negative="")] = False
    """Skip the bad rows without asking."""
    dedupe: Literal["receiver", "receiver-and-text"] | None = None
    """Send each receiver one message, or each text only once."""
    batch_size: WholeNumber | None = None
    """The maximum number of messages per request (default: 100, or fewer with --rate)."""
    campaign: Path | None = None
    """The file of the campaign (default: FILE.campaign); another one sends the whole file again."""

    @property
    def screening(self) -> Dedupe | None:
        """What makes a message a duplicate, as the campaign takes it."""
        return "receiver_and_text" if self.dedupe == "receiver-and-text" else self.dedupe


@Parameter(name="*")
@frozen(kw_only=True)
class BulkCommandOptions:
    """The options of `wikipayam bulk`."""

    reading: FileOptions = FileOptions()
    texts: TextOptions = TextOptions()
    planning: PlanningOptions = PlanningOptions()
    confirmation: ConfirmationOptions = ConfirmationOptions()
    sending: SendingOptions = SendingOptions()
    connection: GatewayOptions = GatewayOptions()

    def location(self, file: Path) -> FileLocation:
        """Return where the campaign is kept.

        Args:
            file: The input file.
        """
        return FileLocation(self.planning.campaign or campaign_path(file))

    def messages_per_request(self, planned: int | None) -> int:
        """Return the maximum number of messages per request.

        Args:
            planned: What a campaign that is resumed was planned with.
        """
        if self.planning.batch_size is not None:
            return self.planning.batch_size
        if planned is not None:
            return planned
        pace = self.sending.pace(planned=False)
        return DEFAULT_BATCH_SIZE if pace is None else pace.batch_size

    def opt_outs(self) -> OptOutList | None:
        """Return the numbers that opted out.

        Raises:
            InvalidInputError: The file cannot be read.
        """
        return None if self.sending.opt_out is None else OptOutList.read(self.sending.opt_out)

    def check(self) -> None:
        """Check the arguments before the file is read.

        Raises:
            InvalidInputError: A number is out of bounds, or an option needs another one.
        """
        self.sending.check()
        self.sending.hours()
        self.sending.spending(self.confirmation.tariff)
        if self.planning.batch_size is not None and self.planning.batch_size < 1:
            raise InvalidInputError("--batch-size", rule="expected at least 1", got="less")
