"""An engine's process, seen from the driver: started, asked one thing at a time, started again when
it died.
"""

import json
import os
import pathlib
import select
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
START_SECONDS = 120  # importing TensorFlow from a cold disk


class EngineProcess:
    """`label` is NAME or NAME@LAYOUT, as on the command line."""

    def __init__(self, label, command, threads, cpus, quiet):
        self.label, self.command, self.cpus, self.quiet = label, command, cpus, quiet
        counts = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"]
        self.environment = {
            **os.environ,
            **{name: str(threads) for name in counts},
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        if threads == 1:
            self.environment["XLA_FLAGS"] = (
                os.environ.get("XLA_FLAGS", "") + " --xla_cpu_multi_thread_eigen=false"
            )
        self.wanted_layout = label.partition("@")[2]
        self.child = None
        self._start()

    def _start(self):
        try:
            self.child = subprocess.Popen(
                self.command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                env=self.environment,
                stderr=subprocess.DEVNULL if self.quiet else None,
            )
            os.sched_setaffinity(self.child.pid, self.cpus)
        except OSError as error:
            self.refusal = str(error)
            return
        hello = self.ask({"do": "hello"}, START_SECONDS)
        self.version, self.layouts = hello.get("version", ""), hello.get("layouts", [])
        self.refusal = hello.get("error", "")
        if not self.refusal and self.wanted_layout and self.wanted_layout not in self.layouts:
            self.refusal = f"layout {self.wanted_layout} is not one of {', '.join(self.layouts)}"

    @property
    def layout(self):
        return self.wanted_layout or self.layouts[0]

    def ask(self, request, seconds):
        """The answer, or {"error"}: a process that is silent for too long is ended, and a new one
        takes its place for what follows.
        """
        try:
            self.child.stdin.write(json.dumps(request).encode() + b"\n")
            self.child.stdin.flush()
            return json.loads(self._line(time.monotonic() + seconds))
        except (OSError, ValueError, TimeoutError) as error:
            self.close()
            if request["do"] != "hello":
                self._start()
            silent = isinstance(error, TimeoutError)
            return {
                "error": (
                    f"no answer in {seconds:g} s" if silent else f"the process ended ({self.ended})"
                )
            }

    def _line(self, until):
        # The pipe is read unbuffered: what select says must be what a read finds.
        line = b""
        while not line.endswith(b"\n"):
            if not select.select([self.child.stdout], [], [], max(0.0, until - time.monotonic()))[
                0
            ]:
                raise TimeoutError
            part = os.read(self.child.stdout.fileno(), 65536)
            if not part:
                raise OSError("end of file")
            line += part
        return line

    def close(self):
        if not self.child:
            return
        self.child.kill()
        code = self.child.wait()
        self.ended = f"signal {-code}" if code < 0 else f"status {code}"
        for pipe in (self.child.stdin, self.child.stdout):
            try:
                pipe.close()
            except OSError:  # an unsent request
                pass


def command_for(label, pythons, onednn):
    name = label.partition("@")[0]
    if name == "onednn":
        return [onednn]
    return [pythons.get(name, sys.executable), str(HERE / "engine_main.py"), name]
