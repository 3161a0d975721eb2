"""Results of a run: rows of checks, tables of timings; text, JSON and Markdown."""

import datetime
import json
import os

OK, FAILED, NOT_RUN, INFO = "ok", "FAILED", "not run", "-"


class Report:
    def __init__(self, heading):
        self.heading = heading  # {"gpu": ..., "driver": ...}
        self.rows, self.tables, self.details = [], [], {}

    def add(self, part, check, status, value="", note=""):
        row = {
            "part": part,
            "check": check,
            "status": status,
            "value": value,
            "note": note,
        }
        self.rows.append(row)
        text = " | ".join(x for x in (status, part, check, value, note) if x)
        print(text, flush=True)

    def check(self, part, check, passed, value="", note=""):
        self.add(part, check, OK if passed else FAILED, value, note)

    def table(self, title, columns, lines, note=""):
        """`lines` are tuples of text."""
        self.tables.append(
            {"title": title, "columns": columns, "lines": lines, "note": note}
        )

    def failed(self):
        return [row for row in self.rows if row["status"] == FAILED]

    def summary(self):
        counts = {status: 0 for status in (OK, FAILED, NOT_RUN)}
        for row in self.rows:
            if row["status"] in counts:
                counts[row["status"]] += 1
        return ", ".join(f"{count} {status}" for status, count in counts.items())

    def text(self):
        parts = [" | ".join(f"{k}: {v}" for k, v in self.heading.items())]
        columns = ["status", "part", "check", "value", "note"]
        lines = [[row[column] for column in columns] for row in self.rows]
        parts.append(align(columns, lines))
        for table in self.tables:
            parts.append(table["title"])
            parts.append(align(table["columns"], table["lines"]))
            if table["note"]:
                parts.append(table["note"])
        return "\n\n".join(parts + [self.summary()]) + "\n"

    def markdown(self):
        parts = [f"# {self.heading['GPU']}, {self.heading['date']}"]
        parts.append("\n".join(f"- {k}: {v}" for k, v in self.heading.items()))
        columns = ["status", "part", "check", "value", "note"]
        lines = [[row[column] for column in columns] for row in self.rows]
        parts.append("## Checks\n\n" + pipes(columns, lines))
        for table in self.tables:
            text = f"## {table['title']}\n\n" + pipes(table["columns"], table["lines"])
            parts.append(text + ("\n\n" + table["note"] if table["note"] else ""))
        return "\n\n".join(parts + [f"In all: {self.summary()}."]) + "\n"

    def write(self, folder):
        values = {
            "heading": self.heading,
            "rows": self.rows,
            "tables": self.tables,
            "details": self.details,
        }
        os.makedirs(folder, exist_ok=True)
        with open(os.path.join(folder, "results.json"), "w") as file:
            json.dump(values, file, indent=1)
            file.write("\n")
        with open(os.path.join(folder, "results.md"), "w") as file:
            file.write(self.markdown())


def align(columns, lines):
    rows = [columns, *lines]
    widths = [max(len(row[i]) for row in rows) for i in range(len(columns))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths)).rstrip()
        for row in rows
    )


def pipes(columns, lines):
    rows = [columns, ["---"] * len(columns), *lines]
    return "\n".join(
        "| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |"
        for row in rows
    )


def today():
    return datetime.date.today().isoformat()
