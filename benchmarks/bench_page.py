"""The bench: until its page is there, until its first pictures are there, and until new ones are, on one core.

OMP_NUM_THREADS=1 python benchmarks/bench_page.py
"""

import json
import subprocess
import sys
import time
import urllib.request

ADDRESS = "http://127.0.0.1:8197"
CHANGES = {
    "programming noise 5 %": {"conditions": {"programming_noise": {"fraction": 0.05}}},
    "1 % stuck": {"conditions": {"stuck": 0.01}},
    "an hour of drift": {
        "technology": "hfox-rram",
        "set": {"wire_resistance_ohm": None},
        "conditions": {"time_s": 3600},
    },
    "16 levels": {"technology": "skyrmion-published", "levels": 16},
    "differential pairs": {"technology": "skyrmion-published", "set": {"encoding": "differential_pair"}},
    "8-bit ADC": {"technology": "skyrmion-published", "set": {"adc.bits": 8}},
    "wires of 1 ohm, converters of 8 bits": {"technology": "hfox-amplitude", "set": {"wire_resistance_ohm": 1.0}},
    "and inputs bit by bit": {"technology": "hfox-rram", "set": {"wire_resistance_ohm": 1.0}},
    "and programming noise 5 %": {
        "technology": "hfox-rram",
        "set": {"wire_resistance_ohm": 1.0},
        "conditions": {"programming_noise": {"fraction": 0.05}},
    },
}


def ask(what: str, settings: dict) -> dict:
    body = json.dumps({"settings": {"model": "clothes", **settings}}).encode()
    request = urllib.request.Request(f"{ADDRESS}/api/{what}", body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request) as answer:
        return json.load(answer)


def main() -> None:
    begun = time.perf_counter()
    port = ADDRESS.rpartition(":")[2]
    bench = subprocess.Popen([sys.executable, "-m", "spingan", "bench", "--no-browser", "--port", port])
    try:
        while True:
            try:
                size = len(urllib.request.urlopen(ADDRESS).read())
                break
            except OSError:
                time.sleep(0.02)
        for name in (
            "bench.css",
            "bench.js",
            "charts.js",
            "jobs.js",
            "knobs.js",
            "measured.js",
            "state.js",
            "api/start",
        ):
            size += len(urllib.request.urlopen(f"{ADDRESS}/{name}").read())
        print(f"page, {size / 1000:.0f} kB: {time.perf_counter() - begun:.2f} s after the command")
        ask("draw", {})
        print(f"first pictures: {time.perf_counter() - begun:.2f} s after the command")
        ask("judge", {})
        for name, settings in CHANGES.items():
            times = []
            for what in ("sketch", "draw", "judge", "bill"):
                start = time.perf_counter()
                ask(what, settings)
                times.append(time.perf_counter() - start)
            sketch, *rest = times
            drawn = "pictures {:.2f} s, distance and variety {:.2f} s, bill {:.2f} s".format(*rest)
            print(f"{name}: sketch, if any, {sketch:.2f} s, {drawn}")
    finally:
        bench.terminate()
        bench.wait()


if __name__ == "__main__":
    main()
