"""A process in a process group of its own, which ends as a whole."""

import os
import pathlib
import signal
import subprocess
import threading
import typing


class FunctionProcess:
    """Started by the constructor, which raises OSError when there is nothing to execute.

    The group is killed while the leader is dead but not yet reaped: only so long is the group's
    number certain to be ours.
    """

    def __init__(
        self,
        command: list[str],
        environment: dict[str, str],
        folder: pathlib.Path,
        output: int,
        on_exit: typing.Callable[[], None],
    ):
        self._popen = subprocess.Popen(
            command,
            env=environment,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            start_new_session=True,
            close_fds=True,
        )
        self.pid = self._popen.pid
        self.status: int | None = None  # exit status, or minus the signal's number
        self._lock = threading.Lock()
        self._on_exit = on_exit
        self._watcher = threading.Thread(target=self._watch, daemon=True, name=f"watch-{self.pid}")
        self._watcher.start()

    def _watch(self) -> None:
        os.waitid(os.P_PID, self.pid, os.WEXITED | os.WNOWAIT)
        with self._lock:
            os.killpg(self.pid, signal.SIGKILL)
            self.status = self._popen.wait()
        self._on_exit()

    def signal_group(self, number: int) -> None:
        with self._lock:
            if self.status is None:
                os.killpg(self.pid, number)

    def wait(self, seconds: float | None = None) -> int | None:
        """The exit status; None if the process still runs after so many seconds."""
        self._watcher.join(seconds)
        return None if self._watcher.is_alive() else self.status

    def max_memory_kb(self) -> int:
        """Peak resident memory; 0 once the process is gone."""
        try:
            text = pathlib.Path(f"/proc/{self.pid}/status").read_text()
        except OSError:
            return 0
        return next(
            (int(line.split()[1]) for line in text.splitlines() if line.startswith("VmHWM:")), 0
        )
