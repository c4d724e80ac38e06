"""Dates and times as COPY reads them: Redshift's default, a format, or 'auto'.

'auto' knows: YYYY-MM-DD, YYYY/MM/DD, YYYY.MM.DD, YYYYMMDD, YYMMDD, M/D/YYYY, M/D/YY, M-D-YYYY,
D-Mon-YYYY, D Mon YYYY, Mon D YYYY, Month D, YYYY, YYYY.DDD, J<julian day>; a time behind a blank or
T, with seconds, fraction, AM/PM and zone as far as they are there.
"""

import datetime
import re
import typing

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_MONTH = "(?P<mon>" + "|".join(_MONTHS) + r")[a-z]*\.?"
_AUTO_DATES = [
    re.compile(pattern, re.IGNORECASE)
    for pattern in (
        r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})",
        r"(?P<y>\d{4})/(?P<m>\d{1,2})/(?P<d>\d{1,2})",
        r"(?P<y>\d{4})\.(?P<m>\d{1,2})\.(?P<d>\d{1,2})",
        r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})",
        r"(?P<yy>\d{2})(?P<m>\d{2})(?P<d>\d{2})",
        r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<y>\d{4})",
        r"(?P<m>\d{1,2})/(?P<d>\d{1,2})/(?P<yy>\d{2})",
        r"(?P<m>\d{1,2})-(?P<d>\d{1,2})-(?P<y>\d{4})",
        r"(?P<d>\d{1,2})[- ]" + _MONTH + r"[- ](?P<y>\d{4})",
        r"(?P<y>\d{4})[- ]" + _MONTH + r"[- ](?P<d>\d{1,2})",
        _MONTH + r"[- ](?P<d>\d{1,2}),?[- ](?P<y>\d{4})",
        r"(?P<y>\d{4})\.(?P<doy>\d{3})",
        r"J(?P<j>\d{1,7})",
    )
]
_TIME = re.compile(
    r"(?P<H>\d{1,2}):(?P<M>\d{2})(?::(?P<S>\d{2})(?:\.(?P<f>\d{1,6})\d*)?)?\s*(?P<p>[AP]M)?"
    r"\s*(?P<z>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)?",
    re.IGNORECASE,
)
_COMPACT_TIME = re.compile(r"(?P<H>\d{2})(?P<M>\d{2})(?P<S>\d{2})(?P<p>\b)(?P<f>\b)(?P<z>\b)")
_DEFAULT_DATE = re.compile(r"(?P<y>\d{4})-(?P<m>\d{1,2})-(?P<d>\d{1,2})")
_JULIAN_EPOCH = 1721425  # the Julian day before 0001-01-01, which is day 1 in Python


class BadDate(ValueError):
    """No date in the form asked for, or one that does not exist."""


# A moment: date, time of day in microseconds, offset from UTC in minutes when one was given.
Moment = tuple[datetime.date, int, int | None]
Reader = typing.Callable[[str], Moment]


def date_reader(form: str) -> Reader:
    """The reader for DATEFORMAT; "" is the default YYYY-MM-DD."""
    if not form:
        return lambda text: _default(text, False)
    if form.lower() == "auto":
        return lambda text: auto(text)
    return format_reader(form)


def time_reader(form: str) -> Reader:
    """The reader for TIMEFORMAT; "" is the default YYYY-MM-DD HH:MI:SS."""
    if not form:
        return lambda text: _default(text, True)
    if form.lower() == "auto":
        return lambda text: auto(text)
    if form.lower() in ("epochsecs", "epochmillisecs"):
        return lambda text: _epoch(text, 1 if form.lower() == "epochsecs" else 1000)
    return format_reader(form)


def _default(text: str, with_time: bool) -> Moment:
    match = _DEFAULT_DATE.match(text)
    if not match:
        raise BadDate(text)
    rest = text[match.end() :]
    if not rest:
        return _date(match), 0, None
    if not with_time or rest[0] not in " T":
        raise BadDate(text)
    return (_date(match), *_time(rest[1:]))


def auto(text: str) -> Moment:
    text = text.strip()
    for pattern in _AUTO_DATES:
        match = pattern.match(text)
        if match and (match.end() == len(text) or text[match.end()] in " T"):
            rest = text[match.end() + 1 :].strip()
            return (_date(match), *(_time(rest) if rest else (0, None)))
    raise BadDate(text)


def _date(match: re.Match) -> datetime.date:
    found = match.groupdict()
    try:
        if found.get("j"):
            return datetime.date.fromordinal(int(found["j"]) - _JULIAN_EPOCH)
        year = int(found["y"]) if found.get("y") else _century(int(found["yy"]))
        if found.get("doy"):
            return _day_of_year(year, int(found["doy"]))
        month = _MONTHS.index(found["mon"].lower()[:3]) + 1 if found.get("mon") else int(found["m"])
        return datetime.date(year, month, int(found["d"]))
    except (ValueError, OverflowError):
        raise BadDate(match.string) from None


def _century(year: int) -> int:
    return year + (1900 if year >= 70 else 2000)


def _day_of_year(year: int, day: int) -> datetime.date:
    result = datetime.date(year, 1, 1) + datetime.timedelta(day - 1)
    if day < 1 or result.year != year:
        raise BadDate(str(day))
    return result


def _time(text: str) -> tuple[int, int | None]:
    match = _TIME.fullmatch(text) or _COMPACT_TIME.fullmatch(text)
    if not match:
        raise BadDate(text)
    return _clock(match.groupdict()), _zone(match.group("z"))


def _clock(found: dict[str, str | None]) -> int:
    hour, minute, second = (int(found.get(part) or 0) for part in "HMS")
    half = (found.get("p") or "").upper()
    if half and not 1 <= hour <= 12 or hour > 23 or minute > 59 or second > 59:
        raise BadDate("time")
    if half:
        hour = hour % 12 + (12 if half == "PM" else 0)
    return ((hour * 60 + minute) * 60 + second) * 1_000_000 + int(
        (found.get("f") or "0").ljust(6, "0")
    )


def _zone(text: str | None) -> int | None:
    if not text:
        return None
    if text.upper() in ("Z", "UTC", "GMT"):
        return 0
    digits = text[1:].replace(":", "").ljust(4, "0") if len(text) > 3 else text[1:].zfill(2) + "00"
    minutes = int(digits[:-2]) * 60 + int(digits[-2:])
    if minutes > 14 * 60:
        raise BadDate(text)
    return -minutes if text[0] == "-" else minutes


def _epoch(text: str, divisor: int) -> Moment:
    if not re.fullmatch(r"-?\d+(\.\d+)?", text):
        raise BadDate(text)
    microseconds = round(float(text) * 1_000_000 / divisor)
    try:
        moment = datetime.datetime(1970, 1, 1) + datetime.timedelta(microseconds=microseconds)
    except OverflowError:
        raise BadDate(text) from None
    midnight = datetime.datetime.combine(moment.date(), datetime.time())
    return moment.date(), int((moment - midnight) / datetime.timedelta(microseconds=1)), None


# --- explicit formats ---

_PARTS = {
    "YYYY": r"(?P<y>\d{4})",
    "YY": r"(?P<yy>\d{2})",
    "MONTH": _MONTH,
    "MON": _MONTH,
    "MM": r"(?P<m>\d{1,2})",
    "DDD": r"(?P<doy>\d{3})",
    "DD": r"(?P<d>\d{1,2})",
    "HH24": r"(?P<H>\d{1,2})",
    "HH12": r"(?P<H>\d{1,2})",
    "HH": r"(?P<H>\d{1,2})",
    "MI": r"(?P<M>\d{2})",
    "SS": r"(?P<S>\d{2})(?:\.(?P<f>\d{1,6})\d*)?",
    "AM": r"(?P<p>[AP]M)",
    "PM": r"(?P<p>[AP]M)",
    "TZ": r"(?P<z>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)",
    "OF": r"(?P<z>Z|UTC|GMT|[+-]\d{1,2}(?::?\d{2})?)",
}
_PART = re.compile("|".join(sorted(_PARTS, key=len, reverse=True)), re.IGNORECASE)


def format_reader(form: str) -> Reader:
    """Raises BadDate for a format without a year or with a part twice."""
    pattern, at = "", 0
    for part in _PART.finditer(form):
        pattern += re.escape(form[at : part.start()]) + _fixed_width(form, part)
        at = part.end()
    pattern += re.escape(form[at:])
    try:
        compiled = re.compile(pattern, re.IGNORECASE)
    except re.error:
        raise BadDate(form) from None
    if not {"y", "yy"} & set(compiled.groupindex):
        raise BadDate(form)

    def read(text: str) -> Moment:
        match = compiled.fullmatch(text)
        if not match:
            raise BadDate(text)
        found = match.groupdict()
        return _date_of(match, found), _clock(found), _zone(found.get("z"))

    return read


def _date_of(match: re.Match, found: dict[str, str | None]) -> datetime.date:
    if (
        found.get("doy")
        or found.get("j")
        or found.get("d")
        and (found.get("m") or found.get("mon"))
    ):
        return _date(match)
    raise BadDate(match.string)


def _fixed_width(form: str, part: re.Match) -> str:
    """A one- or two-digit part has two digits where another part touches it: YYYYMMDD."""
    pattern = _PARTS[part.group().upper()]
    touches = _PART.match(form, part.end()) or (part.start() and form[part.start() - 1].isalpha())
    return pattern.replace(r"\d{1,2}", r"\d{2}") if touches else pattern


# --- for Postgres ---


def as_date(moment: Moment) -> bytes:
    return moment[0].isoformat().encode()


def as_timestamp(moment: Moment, zoned: bool) -> bytes:
    day, microseconds, offset = moment
    second, fraction = divmod(microseconds, 1_000_000)
    clock = f"{second // 3600:02}:{second // 60 % 60:02}:{second % 60:02}.{fraction:06}"
    zone = ""
    if zoned:
        sign, minutes = ("-" if (offset or 0) < 0 else "+"), abs(offset or 0)
        zone = f"{sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{day.isoformat()} {clock}{zone}".encode()
