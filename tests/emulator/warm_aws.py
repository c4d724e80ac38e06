"""A process that has loaded the `aws` command, and runs each job in a fork of itself.

Loading takes longer than most commands. A job is one message: JSON, with the files for stdout and
stderr beside it. The answer is the exit status.
"""

import json
import os
import socket
import sys

import awscli.clidriver

LARGEST_JOB = 1 << 20


def main() -> None:
    awscli.clidriver.create_clidriver()  # for the modules that it loads
    jobs = socket.socket(fileno=int(sys.argv[1]))
    while True:
        data, files, _, _ = socket.recv_fds(jobs, LARGEST_JOB, 2)
        if not data:
            return
        child = os.fork()
        if child == 0:
            jobs.close()
            become(json.loads(data), *files)
            sys.exit(awscli.clidriver.main())
        for file in files:
            os.close(file)
        jobs.send(str(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])).encode())


def become(job: dict, output: int, errors: int) -> None:
    """As if this process had been started for the job."""
    data_path = os.environ["AWS_DATA_PATH"]  # set by awscli when it was loaded
    os.environ.clear()
    os.environ.update({"AWS_DATA_PATH": data_path, **job["environment"]})
    os.chdir(job["folder"])
    os.dup2(output, 1)
    os.dup2(errors, 2)
    sys.stdout = open(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = open(2, "w", encoding="utf-8", errors="backslashreplace", closefd=False)
    sys.argv = ["aws", *job["arguments"]]


if __name__ == "__main__":
    main()
