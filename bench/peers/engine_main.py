"""The process of one Python engine: `engine_main.py NAME`. One JSON object per line comes in, one
goes out:

    {"do": "hello"}                                        -> {"version", "layouts"}
    {"do": "open", "layer", "layout", "threads", "files"}  -> {"how", "setup_us", "first_us"}
    {"do": "turn", "us"}                                   -> {"us", "runs"}
    {"do": "save", "file"}                                 -> {}
    {"do": "quit"}

A turn gives the median of the runs that fit into its time; save writes float32 [n, o.., oc]. An
answer with "error" says why not. The standard output that the libraries see is standard error.
"""

import json
import os
import statistics
import sys
import time

# Of a turn; a call that takes a second is not repeated for its median's sake.
FEWEST_RUNS, LONG_US = 3, 1e6


def microseconds(call):
    start = time.perf_counter_ns()
    call()
    return (time.perf_counter_ns() - start) / 1e3


class Host:
    def __init__(self, name):
        import numpy

        import engines  # a package that is missing is an answer, not a dead process
        from engines import tensors
        from layers import Layer

        self.numpy, self.tensors, self.layer = numpy, tensors, Layer
        self.module = engines.load(name)
        self.engine = None

    def hello(self, _):
        return {"version": self.module.version(), "layouts": self.module.layouts}

    def open(self, request):
        self.engine = None  # frees the one before first: two large layers need not fit
        layer = self.layer(**request["layer"])
        data = self.tensors.Tensors(layer, request["files"])

        def make():
            self.engine = self.module.Engine(layer, data, request["layout"], request["threads"])

        return {
            "setup_us": microseconds(make),
            "first_us": microseconds(lambda: self.engine()),
            "how": self.engine.how,
        }

    def turn(self, request):
        self.engine()  # whoever ran before left his data in the caches
        times, spent = [], 0.0
        while spent < request["us"] or len(times) < FEWEST_RUNS and times[-1] < LONG_US:
            times.append(microseconds(self.engine))
            spent += times[-1]
        return {"us": statistics.median(times), "runs": len(times)}

    def save(self, request):
        result = self.numpy.ascontiguousarray(self.engine.output(), self.numpy.float32)
        result.tofile(request["file"])
        return {}


def main():
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    host = None
    for line in sys.stdin:
        request = json.loads(line)
        if request["do"] == "quit":
            break
        try:
            host = host or Host(sys.argv[1])
            answer = getattr(host, request["do"])(request)
        except Exception as error:  # whatever a library raises is its reason
            answer = {"error": " ".join(f"{type(error).__name__}: {error}".split())[:300]}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
