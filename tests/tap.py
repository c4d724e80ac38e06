"""Runs the unittest cases of one Python file and reports them as TAP.

SIGINT and SIGTERM end it, with the cleanups of what is under way: no server, no folder stays behind.
"""

import importlib.util
import pathlib
import signal
import sys
import typing
import unittest

SIGNALS = (signal.SIGINT, signal.SIGTERM)


class TapResult(unittest.TestResult):
    """Prints a line for each test as it ends."""

    def __init__(self, stream):
        super().__init__()
        self._tap = stream
        self._number = 0
        self._subtests_failed = False
        self.latest: unittest.TestCase | None = None

    def startTest(self, test):
        super().startTest(test)
        self._subtests_failed = False
        self.latest = test

    def addSuccess(self, test):
        if not self._subtests_failed:
            self._line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._line("not ok", test, self.failures[-1][1])

    def addError(self, test, err):
        super().addError(test, err)
        self._line("not ok", test, self.errors[-1][1])

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err is not None:
            kind = self.failures if issubclass(err[0], test.failureException) else self.errors
            self._subtests_failed = True
            self._line("not ok", subtest, kind[-1][1])

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._line("ok", test, skip=reason)

    def addExpectedFailure(self, test, err):
        self._line("not ok", test, "expected failures are not used here")

    def addUnexpectedSuccess(self, test):
        self._line("not ok", test, "unexpected success")

    def plan(self):
        print(f"1..{self._number}", file=self._tap, flush=True)

    def _line(self, verdict, test, detail="", skip=None):
        self._number += 1
        suffix = f" # SKIP {skip}" if skip is not None else ""
        print(f"{verdict} {self._number} - {test}{suffix}", file=self._tap)
        for line in detail.splitlines():
            print(f"# {line}", file=self._tap)
        self._tap.flush()


def load(path: pathlib.Path) -> unittest.TestSuite:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    return unittest.defaultTestLoader.loadTestsFromModule(module)


def classes_of(suite: unittest.TestSuite) -> typing.Iterator[type[unittest.TestCase]]:
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from classes_of(test)
        else:
            yield type(test)


def clean_up(test: unittest.TestCase | None, classes: set[type[unittest.TestCase]]) -> None:
    """Runs the cleanups that an interrupted suite leaves undone; those done already are gone."""
    if test is not None:
        test.doCleanups()
    for case in classes:
        case.doClassCleanups()
    unittest.doModuleCleanups()


def _interrupt(number, frame):
    for each in SIGNALS:  # the end is under way: another signal must not cut the cleanups short
        signal.signal(each, signal.SIG_IGN)
    raise KeyboardInterrupt


def main() -> int:
    for number in SIGNALS:
        signal.signal(number, _interrupt)
    result = TapResult(sys.stdout)
    suite = load(pathlib.Path(sys.argv[1]))
    classes = set(classes_of(suite))
    try:
        suite.run(result)
    except KeyboardInterrupt:
        print("Bail out! Interrupted", flush=True)
        clean_up(result.latest, classes)
        return 130
    result.plan()
    return 0 if result.wasSuccessful() else 1


if __name__ == "__main__":
    sys.exit(main())
