"""Preview a template before it is sent: the rows that give no message, the longest text, its parts."""

from wikipayam_async.templates import preview, render

TEXT = "{name} عزیز، نوبت شما ساعت {time} است."
ROWS = [{"name": "سارا", "time": "۹:۳۰"}, {"name": "رضا", "time": "۱۰:۰۰"}, {"name": "", "time": "۱۱:۰۰"}]


def main() -> None:
    print(render(TEXT, ROWS[0]))
    shown = preview(TEXT, ROWS)
    print(f"{shown.rows} texts, {shown.parts} parts, {shown.failed} invalid row")
    for error in shown.errors:
        print(error)


if __name__ == "__main__":
    main()
