"""The same questions to the same events: rfanreplay on a trace, the peers' way on what their recorders leave.

The trace is generated (generate-trace, seeded). Its events as text lines like fatrace's, as JSON lines and as an
SQLite table are made from it, so that all answers can be held against each other: a peer that answers otherwise is an
error, not a figure.
"""
import collections
import json
import os
import shutil
import subprocess
import time

from processes import limited, read_text, run

QUESTION_SECONDS = 40

Answer = collections.namedtuple("Answer", "seconds peak_kilobytes lines")
Store = collections.namedtuple("Store", "path seconds bytes")

QUESTIONS = collections.OrderedDict(
    exe="the events of one executable",
    top="the ten paths with most events",
    glob="the events whose path matches a glob",
    range="how many events in the middle hundredth of the time",
)

# Up to how many events each way is asked: beyond that its store alone takes longer than everything else together.
#                     quick      default      full
EVENTS = {"quick": [5_000], "default": [1_000_000, 10_000_000, 100_000_000],
          "full": [1_000_000, 10_000_000, 100_000_000]}
MOST_EVENTS = {
    "default": {"rfanreplay": None, "text": None, "sqlite": 10_000_000, "jq": 1_000_000},
    "full": {"rfanreplay": None, "text": None, "sqlite": 100_000_000, "jq": 10_000_000},
}
ROUNDS_AT_MOST = {1_000_000: 5, 10_000_000: 2}
WAYS = collections.OrderedDict(
    rfanreplay="rfanreplay, the trace",
    text="zstd -dc, rg or awk; text lines",
    jq="zstd -dc, jq; JSON lines",
    sqlite="sqlite3; a table with indexes on exe, path and time",
)


def pipeline(stages, folder, seconds=QUESTION_SECONDS):
    """Runs a pipeline; returns its Answer, its memory the sum of the peaks, and its output."""
    begin = time.monotonic()
    processes, peaks = [], []
    source = subprocess.DEVNULL
    for number, stage in enumerate(stages):
        # time(1), since what this process had before its exec would count in wait4()'s maximum.
        peaks.append(f"{folder}/peak{number}")
        stage = ["/usr/bin/time", "-q", "-f", "%M", "-o", peaks[-1], *stage]
        process = subprocess.Popen(limited(stage, seconds), stdin=source, stderr=subprocess.DEVNULL,
                                   stdout=subprocess.PIPE)
        if source is not subprocess.DEVNULL:
            source.close()
        source = process.stdout
        processes.append(process)
    output = processes[-1].stdout.read()
    killed = any([process.wait() in (-9, 137) for process in processes])
    peak = sum(int(read_text(path).split()[-1]) for path in peaks if read_text(path).strip())
    return Answer(None if killed else time.monotonic() - begin, peak, None), output.decode(errors="replace")


class Corpus:
    """One number of events in every form."""

    def __init__(self, context, events):
        self.events = events
        self.folder = context.work + "/queries"
        shutil.rmtree(self.folder, ignore_errors=True)
        os.makedirs(self.folder)
        self.replay = context.build + "/replay/rfanreplay"
        self.trace = self.folder + "/trace.fbz"
        self.stores = {}
        begin = time.monotonic()
        run([context.build + "/bench/generate-trace", str(events), self.trace], 900).check_returncode()
        self.stores["rfanreplay"] = Store(self.trace, time.monotonic() - begin, os.path.getsize(self.trace))
        self._times()

    def _times(self):
        info = json.loads(run([self.replay, "info", "--format", "json", self.trace], 60).stdout)
        first_ns = info["first_event_ns"]
        head, _ = subprocess.Popen(["sh", "-c", f"{self.replay} {self.trace} --reltime | head -n 1"],
                                   stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).communicate()
        # Of whole microseconds, as the text has no more digits.
        self.origin_ns = first_ns - round(float(head.split()[0]) * 1e9)
        middle_us = (first_ns - self.origin_ns + info["duration_ns"] // 2) // 1000
        self.since_us, self.until_us = middle_us, middle_us + info["duration_ns"] // 100_000

    def make(self, way):
        if way in self.stores:
            return
        path = f"{self.folder}/{way}"
        begin = time.monotonic()
        {"text": self._make_text, "jq": self._make_json, "sqlite": self._make_table}[way](path)
        self.stores[way] = Store(path, time.monotonic() - begin, os.path.getsize(path))

    def _shell(self, command):
        run(["bash", "-c", "set -o pipefail; " + command], 1800).check_returncode()

    def _make_text(self, path):
        self._shell(f"{self.replay} {self.trace} --reltime | zstd -q -3 -o {path}")

    def _make_json(self, path):
        self._shell(f"{self.replay} {self.trace} --format jsonl | zstd -q -3 -o {path}")

    def _make_table(self, path):
        columns = (r"""{ split($3, name, "["); """
                   r"""printf "%.0f\t%s\t%s\t%d\t%s\n", $1 * 1e6, $2, name[1], name[2], $4 }""")
        create = ("PRAGMA journal_mode=OFF; "
                  "CREATE TABLE event(time_us INTEGER, kind TEXT, exe TEXT, pid INTEGER, path TEXT)")
        index = "; ".join(f"CREATE INDEX by_{column} ON event({column})" for column in ("exe", "path", "time_us"))
        self._shell(f"sqlite3 {path} '{create}' && {self.replay} {self.trace} --reltime | awk '{columns}' | "
                    f"sqlite3 -cmd 'PRAGMA journal_mode=OFF' -cmd '.mode tabs' {path} '.import /dev/stdin event' && "
                    f"sqlite3 {path} '{index}'")

    def stages(self, way, question):
        return getattr(self, "_" + way)(question)

    def _rfanreplay(self, question):
        ask = [self.replay, self.trace]
        return {
            "exe": [[*ask, "--exe", "dash"], ["wc", "-l"]],
            "top": [[self.replay, "report", self.trace, "--by", "path", "--top", "10"]],
            "glob": [[*ask, "--path", "/usr/include/c++/12/ext/*.h"], ["wc", "-l"]],
            "range": [[*ask, "--since", f"+{self.since_us}us", "--until", f"+{self.until_us}us"], ["wc", "-l"]],
        }[question]

    def _text(self, question):
        unpack = ["zstd", "-dcq", self.stores["text"].path]
        since, until = self.since_us / 1e6, self.until_us / 1e6
        return {
            "exe": [unpack, ["rg", r"^ *\S+ +\S+ +dash\["], ["wc", "-l"]],
            "top": [unpack, ["awk", "{ ++n[$4] } END { for (p in n) print n[p], p }"], ["sort", "-rn"],
                    ["head", "-n", "10"]],
            "glob": [unpack, ["rg", r" /usr/include/c\+\+/12/ext/[^/ ]*\.h "], ["wc", "-l"]],
            "range": [unpack, ["awk", f"$1 >= {since:.6f} && $1 < {until:.6f} {{ ++n }} END {{ print n + 0 }}"]],
        }[question]

    def _jq(self, question):
        unpack = ["zstd", "-dcq", self.stores["jq"].path]
        since, until = (self.origin_ns + us * 1000 for us in (self.since_us, self.until_us))
        return {
            "exe": [unpack, ["jq", "-c", 'select(.exe == "/usr/bin/dash")'], ["wc", "-l"]],
            "top": [unpack, ["jq", "-r", ".path"], ["sort"], ["uniq", "-c"], ["sort", "-rn"], ["head", "-n", "10"]],
            "glob": [unpack, ["jq", "-c", r'select(.path | test("^/usr/include/c\\+\\+/12/ext/[^/]*\\.h$"))'],
                     ["wc", "-l"]],
            "range": [unpack, ["jq", "-c", f"select(.time_ns >= {since} and .time_ns < {until}) | 1"], ["wc", "-l"]],
        }[question]

    def _sqlite(self, question):
        ask = ["sqlite3", self.stores["sqlite"].path]
        return {
            "exe": [[*ask, "SELECT * FROM event WHERE exe = 'dash'"], ["wc", "-l"]],
            "top": [[*ask, "SELECT count(*), path FROM event GROUP BY path ORDER BY 1 DESC LIMIT 10"]],
            "glob": [[*ask, "SELECT * FROM event WHERE path GLOB '/usr/include/c++/12/ext/*.h'"], ["wc", "-l"]],
            "range": [[*ask, f"SELECT count(*) FROM event WHERE time_us >= {self.since_us} AND "
                             f"time_us < {self.until_us}"]],
        }[question]


def has_report(context):
    return run([context.build + "/replay/rfanreplay", "report", "--help"], 10).returncode == 0


def _largest(output):
    """The count in the first row of a top-ten table that begins with one."""
    for line in output.splitlines():
        for word in line.replace("|", " ").split():
            if word.replace(",", "").isdigit():
                return int(word.replace(",", ""))
    return None


def _ask(context, corpus, question, ways, results):
    """One question, all ways, which must find the same; returns what is wrong, or None."""
    found = {}
    for way in ways:
        answer, output = pipeline(corpus.stages(way, question), corpus.folder)
        if answer.seconds is not None:
            found[way] = _largest(output)
        results[corpus.events, question, way].append(answer)
    if len(set(found.values())) <= 1:
        return None
    context.say(f"ANSWERS DIFFER for '{question}': {found}")
    return f"at {corpus.events:,} events the answers to '{question}' differ: {found}"


def compare(context, size, rounds):
    """Lists of Answer by (events, question, way), Stores by (events, way), and what is wrong or was left out."""
    results, stores, remarks = collections.defaultdict(list), {}, []
    most = MOST_EVENTS.get(size, {})
    reports = has_report(context)
    if not reports:
        remarks.append("rfanreplay has no verb `report`: the ten paths with most events were not asked of it")
    for events in EVENTS[size]:
        context.say(f"queries, {events:,} events: making the stores")
        corpus = Corpus(context, events)
        ways = [way for way in WAYS if most.get(way) is None or events <= most[way]]
        for way in ways:
            corpus.make(way)
            stores[events, way] = corpus.stores[way]
        for number in range(min(rounds, ROUNDS_AT_MOST.get(events, 1))):
            for question in QUESTIONS:
                context.say(f"queries, {events:,} events, round {number + 1}: {question}")
                asked = [way for way in ways if number == 0 or way != "jq"]  # jq takes the time of all others together
                if question == "top" and not reports:
                    asked.remove("rfanreplay")
                remarks.append(_ask(context, corpus, question, asked, results))
        shutil.rmtree(corpus.folder)
    return results, stores, [remark for remark in remarks if remark]
