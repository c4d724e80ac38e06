"""The six sample files, what must become of each, and the comparison with what did."""

import dataclasses
import re
import typing

from e2e.system import LANDING, System

LOADED = ("RECEIVED", "PREPARED", "SUBMITTED", "LOADED", "TRANSFORMING", "DONE")
REJECTED = ("RECEIVED", "REJECTED")
STAMP = r"_\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d(-[0-9a-f]+)?"


@dataclasses.dataclass(frozen=True)
class Target:
    """Tables of one interface, and the columns worth showing."""

    staging: str
    core: str
    columns: tuple[str, ...]
    order: str

    @property
    def error(self) -> str:
        return self.staging + "_error"


@dataclasses.dataclass(frozen=True)
class Expected:
    name: str
    about: str
    states: tuple[str, ...]
    interface: int | None
    target: Target | None = None
    staged: int = 0
    core: int = 0
    errors: int = 0
    reason: str = ""  # pattern of what the sender of a rejected file is told

    @property
    def key(self) -> str:
        return LANDING + self.name

    @property
    def end(self) -> str:
        return self.states[-1]

    @property
    def audit(self) -> tuple[str, str]:
        """Status and flag of the audit row; an unknown interface has none."""
        return ("FINISHED", "Y") if self.end == "DONE" else ("FAILED", "N")

    @property
    def archive(self) -> str:
        """Pattern of its place in the archive."""
        folder = "error" if self.end == "REJECTED" else str(self.interface)
        return f"archive/{folder}/{re.escape(self.name)}{STAMP}"


PA_FLAVOR = Target(
    "rdsftetl.dc_x_pa_flavor",
    "rdsftcore.dc_x_pa_flavor",
    ("ndc", "pa_type", "pa_value", "pa_eff_dt", "pa_exp_dt"),
    "ndc, pa_type",
)
COST_REPORT = Target(
    "rdsftetl.hospital_cost_report",
    "rdsftcore.hospital_cost_report",
    ("rpt_rec_num", "prvdr_num", "npi", "rpt_stus_cd", "fy_bgn_dt", "fy_end_dt"),
    "rpt_rec_num",
)
SALES = Target(
    "rdsftetl.demo_sales",
    "rdsftcore.demo_sales",
    ("sale_id", "store", "sold_on", "article", "quantity"),
    "sale_id",
)
TARGETS = (PA_FLAVOR, COST_REPORT, SALES)

FILES = (
    Expected(
        "DEMO_20261101_PA_FLAVOR_527.txt",
        "6 rows, one of them with month 13",
        LOADED,
        527,
        PA_FLAVOR,
        6,
        5,
        1,
    ),
    Expected(
        "DEMO_2014_RPT_558.csv.gz",
        "gzip, 7 rows, one of them with a 32nd of December",
        LOADED,
        558,
        COST_REPORT,
        7,
        6,
        1,
    ),
    Expected(
        "DEMO_20261101_SALES_601.gz",
        "gzip with header and trailer, 10 rows, one with a 31st of November",
        LOADED,
        601,
        SALES,
        10,
        9,
        1,
    ),
    Expected(
        "DEMO_20261102_SALES_601.gz",
        "bad: its trailer counts 12, it has 10",
        REJECTED,
        601,
        reason=r"\b12\b.*\b10\b|\b10\b.*\b12\b",
    ),
    Expected(
        "DEMO_20261102_PA_FLAVOR_527.csv",
        "bad: interface 527 takes .txt",
        REJECTED,
        527,
        reason=r"\btxt\b",
    ),
    Expected(
        "DEMO_20261102_PRICES_999.txt",
        "bad: nobody knows an interface 999",
        REJECTED,
        None,
        reason=r"999\.",
    ),
)


def differences(system: System) -> list[str]:
    """Everything that is not as it should be, one line each."""
    found: list[str] = []

    def same(what: str, expected: typing.Any, actual: typing.Any) -> None:
        if expected != actual:
            found.append(f"{what}: expected {expected}, found {actual}")

    same(
        "files known",
        sorted(file.key for file in FILES),
        sorted(row["key"] for row in system.files()),
    )
    for file in FILES:
        same(f"{file.name}: states", " > ".join(file.states), " > ".join(system.states(file.key)))
        _check_row(system, file, same)
    same(
        "audit rows",
        sorted((file.interface, *file.audit) for file in FILES if file.interface),
        sorted(
            (int(row["ext_interface_cid"]), row["file_process_status"], row["file_prcsd_flag"])
            for row in system.audit()
        ),
    )
    for target in TARGETS:
        _check_rows(system, target, same)
    _check_bucket(system, found, same)
    _check_notices(system, found, same)
    found += [
        f"{record['requestContext']['functionArn']}: an event was given up"
        for record in system.local.lambda_.failures
    ]
    return found + system.local.lambda_.violations() + system.local.lambda_.refused


def _check_row(system: System, file: Expected, same) -> None:
    row = (system.files(file.key) or [{}])[-1]
    same(f"{file.name}: rows loaded", file.staged or None, row.get("rows_loaded"))
    due = ("archived_at", "noticed_at", "cleaned_at")
    same(f"{file.name}: duties left", [], [name for name in due if row.get(name) is None])


def _check_rows(system: System, target: Target, same) -> None:
    files = [file for file in FILES if file.target is target]
    for table, wanted in (
        (target.staging, "staged"),
        (target.core, "core"),
        (target.error, "errors"),
    ):
        expected = {file.name: getattr(file, wanted) for file in files}
        rows = system.redshift_rows(f"select file_name, count(*) as n from {table} group by 1")
        same(f"rows in {table}", expected, {row["file_name"]: row["n"] for row in rows})
    ledger = sorted(
        (row["kind"], row["file_name"], row["number"], row["row_count"])
        for row in system.ledger(target.staging)
    )
    same(
        f"ledger of {target.staging}",
        sorted(
            (kind, file.name, 1, file.staged if kind == "load" else None)
            for file in files
            for kind in ("load", "transform")
        ),
        ledger,
    )


def _check_bucket(system: System, found: list[str], same) -> None:
    keys = system.keys()
    for file in FILES:
        hits = [key for key in keys if re.fullmatch(file.archive, key)]
        same(f"{file.name}: copies in the archive", 1, len(hits))
        keys = [key for key in keys if key not in hits]
    found += [f"left behind in the bucket: {key}" for key in keys]


def _check_notices(system: System, found: list[str], same) -> None:
    same("notices", len(FILES), len(system.notices()))
    same(
        "notices of a rejection",
        sum(file.end == "REJECTED" for file in FILES),
        sum(notice["state"] == "REJECTED" for notice in system.notices()),
    )
    for file in FILES:
        notices = system.notices(file.key)
        same(f"{file.name}: notices", [file.end], [notice["state"] for notice in notices])
        for notice in notices:
            if file.reason and not re.search(file.reason, notice.get("reason", "")):
                found.append(
                    f"{file.name}: the notice's reason does not say why: {notice.get('reason')}"
                )
