"""The project's sessions; `python -m nox -l` lists them."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import nox

nox.needs_version = ">=2025.2.9"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.sessions = ["lint", "typing", "tests"]

ROOT = Path(__file__).parent
PROJECT = nox.project.load_toml(ROOT / "pyproject.toml")
ALL_PYTHONS = ["3.11", "3.12", "3.13"]
# Contributors may have one Python; CI has all of them and must fail if one is missing.
TEST_PYTHONS: list[str] | None = [ALL_PYTHONS[0], ALL_PYTHONS[-1]] if os.environ.get("CI") else None
WORKERS = str((os.cpu_count() or 1) + 2)
"""Two more than processors, since a third of the time of the tests goes into waiting for processes and servers."""
ALIKE = (
    "tests/docs",
    "tests/examples",
    "tests/lab",
    "tests/benchmarks",
    "tests/peers",
    "tests/numbers/test_oracle.py",
    "tests/faults",
)
"""Tests that take minutes and find nothing on the oldest Python that they do not find on the newest."""
ATTACKS = (
    "tests/faults",
    "tests/promises/test_accounted_for.py",
    "tests/promises/test_once_only.py",
    "tests/promises/test_sealed_secrets.py",
    "tests/promises/test_unstoppable.py",
)
"""Tests that take most of the time, add no line to what the others cover, and whose long form the session `long` runs."""


def group(name: str) -> list[str]:
    """Return the requirements of a dependency group."""
    return list(nox.project.dependency_groups(PROJECT, name))


def install_for_tests(session: nox.Session) -> None:
    """Install the package with what its tests need."""
    session.install("-e", ".[cli]", *group("tests"), *group("recipes"))
    install_taskiq_redis(session)


def install_taskiq_redis(session: nox.Session) -> None:
    """Install a package of docs/examples/queues that requires redis 8; arq requires redis 5, with which it works as well."""
    session.install("--no-deps", "taskiq-redis>=1.2.4")


@nox.session(python=TEST_PYTHONS)
def tests(session: nox.Session) -> None:
    """Run the tests, with the attacks in their short form; in CI on the oldest and the newest Python, there with coverage.

    Only CI requires full coverage: it has every server and browser that tests need. It leaves the longest attacks to `long`.
    """
    install_for_tests(session)
    if not os.environ.get("CI") or session.posargs:
        session.run("pytest", "-n", WORKERS, *session.posargs)
    elif session.python == ALL_PYTHONS[-1]:
        run_with_coverage(session)
    else:
        session.run("pytest", "-n", WORKERS, *ignored(ALIKE))


def ignored(paths: Sequence[str]) -> list[str]:
    """Return the arguments by which pytest ignores files and folders."""
    return [f"--ignore-glob={path}" for path in paths]


def run_with_coverage(session: nox.Session) -> None:
    """Run all tests but the attacks, and require that they cover every line and branch.

    CPython 3.11 stops tracing a function that leaves a `with` block whose generator has ended a thread, so coverage is
    wrong there.
    """
    # Not below `session.create_tmp()`, which makes the checkout the parent of every temporary directory of the tests.
    session.env["COVERAGE_FILE"] = str(Path(session.virtualenv.location).resolve() / "coverage")
    session.run("coverage", "erase")
    session.run("coverage", "run", "-m", "pytest", "-n", WORKERS, *ignored(ATTACKS))
    session.run("coverage", "combine", "--quiet")
    session.run("coverage", "report")


@nox.session(python=ALL_PYTHONS[1] if os.environ.get("CI") else None)
def long(session: nox.Session) -> None:
    """Run the attacks in their long form: every combination, full sizes, all examples; in CI on the Python between."""
    install_for_tests(session)
    attacks = session.posargs or ["tests/faults", "tests/promises", "tests/pyinstaller"]
    limit = "faulthandler_timeout=600"
    session.run("pytest", "-n", WORKERS, "-o", limit, *attacks, env={"WIKIPAYAM_EFFORT": "1"})


@nox.session
def uvloop(session: nox.Session) -> None:
    """Run the tests of the lanes and the attacks in their short form, with uvloop's event loop as that of asyncio."""
    install_for_tests(session)
    attacks = session.posargs or ["tests/core", "tests/faults", "tests/promises"]
    session.run("pytest", "-n", WORKERS, *attacks, env={"WIKIPAYAM_LOOP": "uvloop"})


@nox.session(python="3.11")
def lowest(session: nox.Session) -> None:
    """Run the tests with the oldest releases of the direct dependencies."""
    session.install("uv")
    session.run(
        "uv", "pip", "install", "--quiet", "--resolution", "lowest-direct", "-e", ".[cli]", *group("tests"), *group("recipes"),
        env={"VIRTUAL_ENV": session.virtualenv.location},
    )  # fmt: skip
    session.run("pytest", "-n", WORKERS, *session.posargs)


@nox.session
def lint(session: nox.Session) -> None:
    """Check style, formatting, and which module may import which."""
    session.install(*group("lint"))
    session.run("ruff", "check")
    session.run("ruff", "format", "--check")
    session.run("lint-imports")


@nox.session
def typing(session: nox.Session) -> None:
    """Check the types with mypy and pyright."""
    session.install("-e", ".[cli]", *group("typing"))
    install_taskiq_redis(session)
    session.run("mypy")
    session.run("pyright")


@nox.session
def demo(session: nox.Session) -> None:
    """Show a bulk send of 5,000 messages over real sockets to an emulator with faults."""
    session.install("-e", ".[demo]")
    session.run("python", "-m", "wikipayam_async.demo", *session.posargs)


@nox.session
def picture(session: nox.Session) -> None:
    """Write the output of the demo to docs/en/img/demo.svg and docs/fa/img/demo.svg."""
    session.install("-e", ".[demo]")
    for language in ("en", "fa"):
        options = ("--language", language, "--svg", f"docs/{language}/img/demo.svg")
        session.run("python", "-m", "wikipayam_async.demo", *options, *session.posargs)


@nox.session
def vendor(session: nox.Session) -> None:
    """Download the front-end packages of the API lab, check them, and write the files that it serves."""
    session.install("-e", ".")
    session.run("python", "-m", "tests.lab.vendor")


@nox.session
def pictures(session: nox.Session) -> None:
    """Write the pictures of the API lab to docs/en/img and docs/fa/img; needs Chromium."""
    session.install("-e", ".[emulator]", *group("tests"))
    session.run("pytest", "tests/lab/test_browser.py", "-k", "pictures", env={"WIKIPAYAM_PICTURES": "1"})


@nox.session
def faults(session: nox.Session) -> None:
    """Run the fault tests and write their figures to docs/en/reliability.md (`-- --check` only compares)."""
    session.install("-e", ".", *group("tests"))
    figures = Path(session.create_tmp()).resolve() / "figures"
    shutil.rmtree(figures, ignore_errors=True)
    limit = "faulthandler_timeout=600"  # random programs in their long form take minutes on a busy machine
    session.run("pytest", "-o", limit, "tests/faults", env={"WIKIPAYAM_FIGURES": str(figures), "WIKIPAYAM_EFFORT": "1"})
    session.run("python", "-m", "tests.faults.report", str(figures), "--run", "faults", *session.posargs)


@nox.session
def chaos(session: nox.Session) -> None:
    """Kill campaigns and the workers of queues again and again, and write the figures to docs/en/reliability.md."""
    session.install("-e", ".[emulator]", *group("tests"), *group("recipes"))
    figures = Path(session.create_tmp()).resolve() / "figures"
    shutil.rmtree(figures, ignore_errors=True)
    environ = {"WIKIPAYAM_FIGURES": str(figures)}
    session.run("python", "-m", "tests.faults.chaos", "--record", "chaos", *session.posargs, env=environ)
    rate = ("--kills", "10", "--messages", "3000", "--rate", "500", "--no-faults")
    session.run("python", "-m", "tests.faults.chaos", *rate, "--record", "chaos.rate", env=environ)
    session.run("python", "-m", "tests.faults.queue_chaos", "--record", "chaos", env=environ)
    session.run("python", "-m", "tests.faults.report", str(figures), "--run", "chaos")


@nox.session
def bench(session: nox.Session) -> None:
    """Benchmark the client against others and write docs/en/performance.md and the table of the README (`-- --quick` only prints a part)."""
    session.install("-e", ".", *group("bench"))
    session.run("python", "-m", "tests.benchmarks", *session.posargs)


@nox.session
def openapi(session: nox.Session) -> None:
    """Fuzz the emulator by its OpenAPI descriptions with schemathesis (`-- --max-examples 500` tries more)."""
    session.install("-e", ".[emulator]", *group("openapi"))
    session.run("python", "-m", "tests.fuzz", *session.posargs)


@nox.session
def peers(session: nox.Session) -> None:
    """Test other SMS packages with the same events and write docs/en/comparison.md (`-- --only NAME` tests one)."""
    session.install("-e", ".", "trio>=0.31", "trustme>=1.2")
    site = Path(session.create_tmp()).resolve() / "site"
    shutil.rmtree(site, ignore_errors=True)
    # In a separate folder, since one of them ships a package `tests`, which would hide this project's.
    session.install("--target", str(site), *group("peers"))
    session.run("python", "-m", "tests.peers", "--site", str(site), *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """Build the documentation of both languages into docs/.site; warnings are errors (`-- --serve` serves it).

    Then the queries of docs/search.toml are typed into its search.
    """
    install_for_docs(session)
    session.run("python", "-m", "docs.tools.build", *session.posargs)
    session.run("python", "-m", "docs.tools.look", "search")


@nox.session
def site(session: nox.Session) -> None:
    """Open every page of the built documentation in Chromium, wide and narrow, light and dark; needs Chromium."""
    install_for_docs(session)
    session.run("python", "-m", "docs.tools.build")
    session.run("python", "-m", "docs.tools.look", "pages")


def install_for_docs(session: nox.Session) -> None:
    """Install what builds the documentation, with the extras whose docstrings it shows."""
    session.install("-e", ".[cli,distributed,fastapi,opentelemetry,prometheus,psycopg,redis]", *group("docs"))


@nox.session
def mutation(session: nox.Session) -> None:
    """Mutate a copy of the modules that decide, list the mutants that no test detects, and update docs/en/mutation.md."""
    session.install(".", *group("mutation"))
    copy = Path(session.create_tmp()).resolve() / "copy"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(ROOT / "wikipayam_async", copy / "wikipayam_async")
    shutil.copytree(ROOT / "tests", copy / "tests")
    shutil.copy(ROOT / "pyproject.toml", copy)
    session.chdir(copy)
    session.run("python", "-m", "tests.mutation", "--page", str(ROOT / "docs/en/mutation.md"), *session.posargs)


@nox.session
def release(session: nox.Session) -> None:
    """Write the changelog of the version, and put the files to upload, checked, into dist/ (`-- --draft` writes nothing).

    What follows is printed at the end; CONTRIBUTING.md explains it.
    """
    session.install(*group("release"), *group("tests"), "-e", ".[cli]")
    draft = "--draft" in session.posargs
    version = str(session.run("python", "-c", "import wikipayam_async as w; print(w.__version__)", silent=True)).strip()
    if not draft and session.run("git", "status", "--porcelain", silent=True, external=True):
        session.error("there are changes that are not committed")
    session.run("towncrier", "build", "--version", version, "--draft" if draft else "--yes")
    session.run("python", "-m", "docs.tools.embed")
    when = str(session.run("git", "log", "-1", "--format=%ct", silent=True, external=True)).strip()
    shutil.rmtree(ROOT / "dist", ignore_errors=True)
    # The files of a commit are the same wherever they are built.
    session.run("python", "-m", "build", env={"SOURCE_DATE_EPOCH": when})
    files = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "dist").iterdir())
    session.run("twine", "check", "--strict", *files)
    session.run("python", "-m", "tests.release", *files)
    session.log(f"""{" and ".join(files)} are ready. What is left, for version {version}:
    git commit -am "Release {version}" && git tag --sign v{version} -m "Version {version}"
    git push --follow-tags
    twine upload {" ".join(files)}""")


@nox.session
def build(session: nox.Session) -> None:
    """Build the distributions and test the installed wheel."""
    session.install(*group("release"), *group("tests"))
    work = Path(session.create_tmp()).resolve()
    shutil.rmtree(work / "dist", ignore_errors=True)
    shutil.rmtree(work / "away", ignore_errors=True)
    session.run("python", "-m", "build", "--outdir", str(work / "dist"))
    wheel = next((work / "dist").glob("*.whl"))
    session.install(f"{wheel}[cli]", "--force-reinstall")
    away = work / "away"  # where the sources are not importable
    shutil.copytree(ROOT / "tests", away / "tests")
    shutil.copy(ROOT / "pyproject.toml", away)
    for name in ("README.md", "CHANGELOG.md"):
        shutil.copy(ROOT / name, away)
    shutil.copy(ROOT / "noxfile.py", away)
    shutil.copytree(ROOT / "docs", away / "docs")
    session.chdir(away)
    session.run("pytest", "-n", WORKERS, *session.posargs)


@nox.session
def offline(session: nox.Session) -> None:
    """Build bundles of wheels for Linux servers without PyPI (`-- --python 3.12 --extras cli`); see docs/en/deployment.md."""
    parser = argparse.ArgumentParser(prog="nox -s offline --")
    parser.add_argument("--python", default=ALL_PYTHONS[-1], choices=ALL_PYTHONS)
    parser.add_argument("--extras", default="cli")
    options = parser.parse_args(session.posargs)
    session.install(*group("release"), "uv", "pip")
    target = ROOT / "dist" / "offline"
    work = Path(session.create_tmp()).resolve() / "offline"
    shutil.rmtree(work, ignore_errors=True)
    session.run("python", "-m", "build", "--wheel", "--outdir", str(work / "own"))
    wheel = next((work / "own").glob("*.whl"))
    for machine in ("x86_64", "aarch64"):
        name = f"wikipayam_async-py{options.python}-{machine}"
        folder = work / name
        folder.mkdir()
        (work / "in.txt").write_text(f"wikipayam_async[{options.extras}]\n", encoding="utf-8")
        # The markers of dependencies must be those of the server, which pip's download does not know.
        session.run(
            "uv", "pip", "compile", str(work / "in.txt"), "--find-links", str(work / "own"), "--generate-hashes", "--quiet",
            "--python-version", options.python, "--python-platform", f"{machine}-manylinux_2_28", "--no-header",
            "--no-emit-find-links", "--no-annotate", "-o", str(folder / "requirements.txt"),
        )  # fmt: skip
        tags = [f"manylinux_2_{glibc}_{machine}" for glibc in range(28, 16, -1)] + [f"manylinux2014_{machine}"]
        session.run(
            "python", "-m", "pip", "download", "--quiet", "--no-deps", "--require-hashes", "--only-binary", ":all:",
            "--implementation", "cp", "--python-version", options.python, *(f"--platform={tag}" for tag in tags),
            "--find-links", str(work / "own"), "--dest", str(folder), "-r", str(folder / "requirements.txt"),
        )  # fmt: skip
        if not (folder / wheel.name).is_file():
            session.error(f"{name}: the package itself is missing")
        shutil.make_archive(str(target / name), "gztar", root_dir=work, base_dir=name)
        session.log(f"{target / name}.tar.gz: {len(list(folder.glob('*.whl')))} wheels")
