"""A program that ProGuard has shrunk, renamed and inlined: its traces read like those of what was written."""

from __future__ import annotations

import json
import os
import re
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from tests.exporter.inprocess import InProcess, envelope
from tests.npm_packages import alone
from tests.peers import peer

from errtally.exporter.artifacts.artifact import PROGUARD, Artifact
from errtally.exporter.symbols import build

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.flow

VERSION = "7.7.0"
UUID = "5f2c1a44-7b1e-5c3d-9a60-2d1f3b4c5d6e"
SECONDS = 300
POM = f"""<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>errtally</groupId><artifactId>tests</artifactId><version>1</version>
<dependencies><dependency><groupId>com.guardsquare</groupId><artifactId>proguard-base</artifactId>
<version>{VERSION}</version></dependency></dependencies></project>"""
SOURCES = {
    "Till.java": """package com.example.till;

import java.util.List;

public class Till {
    private final List<Integer> cents;

    Till(List<Integer> cents) {
        this.cents = cents;
    }

    int total() {
        int sum = 0;
        for (Integer one : cents) {
            sum += Money.unbox(one);
        }
        return sum;
    }

    static class Drawer {
        void open(int amount) {
            if (amount > 100) {
                throw new TillException("drawer holds " + amount, null);
            }
        }
    }
}
""",
    "Money.java": """package com.example.till;

class Money {
    static int unbox(Integer cents) {
        return cents.intValue();
    }
}
""",
    "TillException.java": """package com.example.till;

class TillException extends RuntimeException {
    TillException(String message, Throwable cause) {
        super(message, cause);
    }
}
""",
    "Main.java": """package com.example.till;

import java.util.Arrays;

public class Main {
    interface Step {
        void run();
    }

    public static void main(String[] names) {
        attempt("total", () -> System.out.println(new Till(Arrays.asList(250, null)).total()));
        attempt("drawer", () -> new Till.Drawer().open(names.length + 500));
        attempt("settle", () -> settle(names.length + 300));
    }

    static void settle(int amount) {
        try {
            new Till.Drawer().open(amount);
        } catch (TillException error) {
            throw new IllegalStateException("not settled", error);
        }
    }

    static void attempt(String name, Step step) {
        try {
            step.run();
        } catch (RuntimeException error) {
            System.out.println("== " + name);
            for (Throwable one = error; one != null; one = one.getCause()) {
                System.out.println(one);
                for (StackTraceElement call : one.getStackTrace()) {
                    System.out.println("\tat " + call);
                }
            }
        }
    }
}
""",
}
RULES = """
-injars {program}
-outjars {out}
-libraryjars <java.home>/jmods/java.base.jmod(!**.jar;!module-info.class)
-keep public class com.example.till.Main {{ public static void main(java.lang.String[]); }}
-keepattributes SourceFile,LineNumberTable
-renamesourcefileattribute SourceFile
-repackageclasses ''
-overloadaggressively
-printmapping {mapping}
-dontwarn
"""
_CALL = re.compile(r"\tat (?:.*/)?([\w.$]+)\.([\w$<>]+)\((?:([\w.]+)(?::(\d+))?|Native Method)\)")

Trace = list[tuple[str, str, list[tuple[str, str, int, str]]]]
"""Exceptions, the raised one first: class, message and calls, the newest first."""


def _proguard() -> str:
    """Return the class path of ProGuard; it is downloaded once. Skips where Maven can't."""
    maven = peer("mvn")
    with alone(f"proguard-{VERSION}") as folder:
        found = folder / "classpath"
        if not found.exists():
            folder.mkdir(exist_ok=True)
            (folder / "pom.xml").write_text(POM)
            goal = "dependency:build-classpath"
            command = [maven, "-q", "-B", goal, f"-Dmdep.outputFile={folder / 'draft'}"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=SECONDS, check=False)
            if done.returncode:
                message = f"Maven can't install ProGuard: {done.stdout[-500:]}"
                if os.environ.get("CI"):
                    pytest.fail(message)
                pytest.skip(message)
            (folder / "draft").rename(found)
        return found.read_text().strip()


def _run(*command: str, cwd: Path) -> str:
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=SECONDS, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def _traces(said: str) -> dict[str, Trace]:
    found: dict[str, Trace] = {}
    for line in said.splitlines():
        if line.startswith("== "):
            trace = found[line[3:]] = []
        elif match := _CALL.fullmatch(line):
            trace[-1][2].append((match[1], match[2], int(match[4] or 0), match[3] or ""))
        elif match := re.fullmatch(r"([\w.$]+)(?:: (.*))?", line):
            trace.append((match[1], match[2] or "", []))
    return found


def _event(trace: Trace) -> dict[str, Any]:
    values = []
    for name, value, calls in reversed(trace):  # causes first
        module, _, short = name.rpartition(".")
        frames = [
            {"module": one[0], "function": one[1], "lineno": one[2], "filename": one[3]} for one in reversed(calls)
        ]
        values.append({"type": short, "module": module, "value": value, "stacktrace": {"frames": frames}})
    images = [{"type": "proguard", "uuid": UUID}]
    return {"platform": "java", "exception": {"values": values}, "debug_meta": {"images": images}}


def _read(shop: InProcess, event: dict[str, Any]) -> Trace:
    """Send an event; return what its kept page says."""
    shop.post("/api/app/envelope/?sentry_key=k", envelope(("event", event)))
    shop.fold()
    kept = shop.reader.kept_events(project="app", limit=1)[0].page
    return [
        (
            ".".join(part for part in (one["module"], one["type"]) if part),
            one["value"],
            [(call["module"], call["function"], call["lineno"], call["filename"]) for call in reversed(one["frames"])],
        )
        for one in reversed(kept["exceptions"])
    ]


def test_traces_read_like_those_of_the_program_as_it_was_written(tmp_path: Path) -> None:
    class_path = _proguard()
    folder = tmp_path / "com" / "example" / "till"
    folder.mkdir(parents=True)
    for name, text in SOURCES.items():
        (folder / name).write_text(text)
    classes, program, out = tmp_path / "classes", tmp_path / "till.jar", tmp_path / "small.jar"
    mapping, rules = tmp_path / "mapping.txt", tmp_path / "rules.pro"
    _run(peer("javac"), "-g", "-d", str(classes), *(str(path) for path in folder.glob("*.java")), cwd=tmp_path)
    _run(peer("jar"), "--create", "--file", str(program), "-C", str(classes), ".", cwd=tmp_path)
    rules.write_text(RULES.format(program=program, out=out, mapping=mapping))
    _run(peer("java"), "-cp", class_path, "proguard.ProGuard", f"@{rules}", cwd=tmp_path)
    main = "com.example.till.Main"
    written = _traces(_run(peer("java"), "-cp", str(program), main, cwd=tmp_path))
    renamed = _traces(_run(peer("java"), "-cp", str(out), main, cwd=tmp_path))
    assert written.keys() == renamed.keys() == {"total", "drawer", "settle"}
    assert renamed != written

    shop = InProcess(tmp_path / "data")
    content = mapping.read_bytes()
    archive = shop.resolver.archive
    archive.add([Artifact("app", PROGUARD, archive.keep(content), len(content), UUID, url="mapping.txt")])
    for wanted in shop.resolver.wanted_since(0.0):
        build.make(archive, wanted)
    for name, trace in renamed.items():
        read = _read(shop, _event(trace))
        assert [(one[0], one[2]) for one in read] == [(one[0], one[2]) for one in written[name]], json.dumps(trace)
    shop.close()
