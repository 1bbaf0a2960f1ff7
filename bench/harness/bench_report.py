"""What a measured Python process says of itself, as the last line of its output; see report.ts."""

import json
import resource
import sys
import time


def peak_memory():
    try:
        with open("/proc/self/status") as status:
            for line in status:
                if line.startswith("VmHWM:"):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def timed(work):
    used = time.process_time()
    start = time.perf_counter()
    held = work()
    return {"ms": (time.perf_counter() - start) * 1000, "cpu": (time.process_time() - used) * 1000}, held


def report(work):
    times, held = timed(work)
    print(json.dumps({**times, "peak": peak_memory()}))
    del held


def report_median(count, work):
    report_one(count, 1, work, count // 2)


def report_least(count, work):
    report_one(count, 2, work, 0)


def report_one(count, warm_ups, work, rank):
    for _ in range(warm_ups):
        work()
    runs = sorted((timed(work)[0] for _ in range(count)), key=lambda times: times["ms"])
    print(json.dumps({**runs[rank], "peak": peak_memory()}))
